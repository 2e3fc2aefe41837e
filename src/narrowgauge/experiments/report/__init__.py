"""What `--html` and `--figures` write.

`blocks` is what a report is made of; `predict`, `sweep`, `validate` and `reproduce` make one of each kind of result; `render`
makes the page, one file that opens offline. `docs/reports.md` says what is in them.
"""

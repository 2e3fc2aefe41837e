"""One file per family of networks, each with `build(builder, **numbers of the card)`."""

"use strict";

// Tables are sorted by the buttons in their heads: numbers by what they are, texts by alphabet.
function sortBy(table, place, direction) {
  const key = (row) => {
    const cell = row.cells[place];
    return cell.dataset.order === undefined ? cell.textContent : Number(cell.dataset.order);
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort((a, b) => direction * compare(key(a), key(b))));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, place, heads) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      sortBy(table, place, up ? 1 : -1);
    });
  });
}

// Paper has no pointer: what is folded is printed.
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

// The interactive layer draws on a canvas, which knows nothing of style sheets: it is told the page's colours.
// It begins when the page is read, and is ready some time later.
function paintScatters() {
  if (typeof Bokeh === "undefined") return;
  if (Bokeh.documents.length === 0) {
    setTimeout(paintScatters, 50);
    return;
  }
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim();
  const rule = style.getPropertyValue("--rule").trim();
  for (const plot of Bokeh.documents.flatMap((doc) => doc.roots())) {
    for (const axis of [...plot.below, ...plot.left]) {
      axis.setv({ axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: ink });
      axis.setv({ major_tick_line_color: ink, minor_tick_line_color: ink });
    }
    for (const legend of plot.above) legend.setv({ label_text_color: ink });
    for (const grid of plot.center) if ("grid_line_color" in grid) grid.setv({ grid_line_color: rule });
  }
}

window.addEventListener("load", paintScatters);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintScatters);

"use strict";

// What a browser makes of a report, as JSON for the page that holds it in a frame: test_report_browser.py.
const faults = [];
window.addEventListener("error", (event) => faults.push(`error: ${event.message}`));
window.addEventListener("unhandledrejection", (event) => faults.push(`rejection: ${event.reason}`));
document.addEventListener("securitypolicyviolation", (event) => faults.push(`refused: ${event.violatedDirective} ${event.blockedURI}`));
for (const level of ["error", "warn"]) console[level] = (...words) => faults.push(`${level}: ${words.join(" ")}`);

function luminance(colour) {
  const linear = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(element) {
  const ink = luminance(getComputedStyle(element).color);
  const paper = luminance(getComputedStyle(element.closest("section")).backgroundColor);
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
}

function textSizes() {
  const sizes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script")) continue;
    const place = element instanceof SVGElement ? element.getScreenCTM() : { a: 1, b: 0 };
    sizes.push(parseFloat(getComputedStyle(element).fontSize) * Math.hypot(place.a, place.b));
  }
  return sizes;
}

async function probe() {
  const interactive = document.querySelectorAll(".hover").length;
  for (let waited = 0; interactive && waited < 100 && !window.Bokeh?.documents.some((doc) => doc.is_idle); waited += 1) {
    await new Promise((done) => setTimeout(done, 50));
  }
  const visible = [...document.querySelectorAll("figure svg")].filter((svg) => svg.checkVisibility());
  const report = {
    faults,
    interactive,
    drawn: interactive ? Bokeh.documents.flatMap((doc) => doc.roots()).length : 0,
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    width: innerWidth,
    content: document.documentElement.scrollWidth,
    smallest: Math.min(...textSizes()),
    figures: visible.map((svg) => svg.getBoundingClientRect().width),
    contrast: Math.min(...[...document.querySelectorAll("section p, section td, figcaption")].map(contrast)),
    buttons: document.querySelectorAll("th button").length,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
  };
  parent.postMessage(JSON.stringify(report), "*");
}

window.addEventListener("load", () => probe());

// The console works without this file. It adds: keys (data-key="a" on a button or link), a confirmation of what was
// copied or shown (dialogs), and focus on the summary of errors. Nothing is kept in the browser.
"use strict";
(() => {
  const writing = (element) => element && element.closest("input, textarea, select, [contenteditable], dialog[open]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || writing(event.target)) return;
    const wanted = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === event.key);
    if (wanted) { event.preventDefault(); wanted.focus(); wanted.click(); }
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) { event.preventDefault(); document.getElementById(opener.dataset.opens).showModal(); }
    const closer = event.target.closest("[data-closes]");
    if (closer) { event.preventDefault(); closer.closest("dialog").close(); }
    const printer = event.target.closest("[data-prints]");
    if (printer) { event.preventDefault(); window.print(); }
  });
  const settle = () => { const summary = document.querySelector("[data-errors]"); if (summary) summary.focus(); };
  document.addEventListener("htmx:afterSettle", settle);
  settle();
})();

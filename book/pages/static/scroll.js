"use strict";
// What is wider than its place scrolls: let the keyboard scroll it, too.
{
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll("pre, div.math, .table-wrapper, .wide")) {
    observer.observe(box);
  }
}

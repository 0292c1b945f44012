"use strict";
// Pictures far down a page load late, and one that is not there yet is not
// printed: once the page is there, load those that a reader can come to.
addEventListener("load", () => {
  for (const image of document.querySelectorAll("article img")) {
    if (image.checkVisibility()) image.loading = "eager";
  }
});

"use strict";
// A browser shows a notebook that lies beside a page opened as a file, instead
// of saving it: save what a script of that name holds.
if (location.protocol === "file:") {
  const links = document.querySelectorAll("a[download][href$='.ipynb']");
  for (const link of links) {
    const { pathname } = new URL(link.href);
    const name = pathname.slice(book.root.pathname.length);
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      const file = new Blob([await book.read(decodeURIComponent(name))]);
      const saved = document.createElement("a");
      saved.download = name.split("/").at(-1);
      saved.href = URL.createObjectURL(file);
      saved.click();
      URL.revokeObjectURL(saved.href);
    });
  }
}

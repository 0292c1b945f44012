"use strict";
// A preview of what a reference within the book points at: a figure, an
// equation, a table, the beginning of a section, a source.
{
  const preview = document.createElement("div");
  preview.id = "preview";
  preview.setAttribute("role", "tooltip");
  preview.hidden = true;
  document.body.append(preview);

  // The document that a link leads to.
  async function load(url) {
    if (url.pathname === location.pathname) return document;
    const name = url.pathname.slice(book.root.pathname.length);
    return new DOMParser().parseFromString(
      await book.read(decodeURIComponent(name)), "text/html");
  }

  // The part of a page that a fragment means; of a section, how it begins.
  function part(page, id) {
    let target = page.getElementById(id);
    if (target?.tagName === "SPAN") {
      target = target.closest("figure") ?? target.nextElementSibling;
    }
    if (target?.tagName !== "SECTION") return target;
    const beginning = document.createElement("div");
    for (const child of target.children) {
      if (beginning.childElementCount === 3 || child.matches(".tabs")) break;
      beginning.append(child.cloneNode(true));
    }
    return beginning;
  }

  let shownFor = null;

  async function show(link) {
    shownFor = link;
    const url = new URL(link.href);
    const page = await load(url);
    const found = part(page, decodeURIComponent(url.hash.slice(1)));
    if (!found || shownFor !== link) return;
    const copy = document.importNode(found, true);
    for (const node of copy.querySelectorAll("[id]")) node.removeAttribute("id");
    copy.removeAttribute("id");
    for (const mark of copy.querySelectorAll(".headerlink, button")) {
      mark.remove();
    }
    for (const image of copy.querySelectorAll("img")) {
      image.src = new URL(image.getAttribute("src"), url);
      image.loading = "eager";
    }
    preview.replaceChildren(copy);
    preview.hidden = false;
    link.setAttribute("aria-describedby", preview.id);
    const place = link.getBoundingClientRect();
    const below = place.bottom + 8 + preview.offsetHeight < innerHeight;
    preview.style.left = `${Math.max(8, Math.min(
      place.left, innerWidth - preview.offsetWidth - 8))}px`;
    preview.style.top = below
      ? `${place.bottom + 8}px`
      : `${Math.max(8, place.top - preview.offsetHeight - 8)}px`;
  }

  function hide() {
    shownFor?.removeAttribute("aria-describedby");
    shownFor = null;
    preview.hidden = true;
  }

  for (const link of document.querySelectorAll(
    "article a.reference.internal[href*='#']")) {
    link.addEventListener("mouseenter", () => show(link));
    link.addEventListener("focus", () => show(link));
    link.addEventListener("mouseleave", hide);
    link.addEventListener("blur", hide);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}

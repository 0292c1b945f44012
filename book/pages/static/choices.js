// What the reader chose: the framework, one to compare it with, and the theme's
// colors.
// Loaded in the head, so that a page shows the choices from the start.

// Else the theme's script does so late, and its button moves the title.
document.documentElement.classList.remove("no-js");

// Where the browser may keep nothing, choices last as long as the page; the
// theme's scripts ask for them, too.
try {
  localStorage.setItem("kept", "");
  localStorage.removeItem("kept");
} catch {
  const kept = new Map();
  Object.defineProperty(window, "localStorage", { value: {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, String(value)),
    removeItem: (key) => kept.delete(key),
  } });
}

// Fonts are fetched before the style sheet asks for them. A page that is opened
// as a file may not do so, and has them near.
if (location.protocol !== "file:")
  for (const href of document.currentScript.dataset.fonts.split(" "))
    document.head.append(Object.assign(document.createElement("link"), {
      rel: "preload", as: "font", type: "font/woff2", crossOrigin: "", href }));

// The theme keeps its colors at the body, which is not there yet.
new MutationObserver((_, observer) => {
  if (!document.body) return;
  document.body.dataset.theme = localStorage.getItem("theme") ?? "auto";
  observer.disconnect();
}).observe(document.documentElement, { childList: true });

// Framework tabs. The chosen framework is an attribute of the page, and
// book.css shows what belongs to it; so one choice switches every block.
{
  const page = document.documentElement;
  const [names, here] = [document.currentScript.dataset.tabs,
                         document.currentScript.dataset.here].map(
    (tabs) => tabs.split(" "));
  const find = (key) =>
    [new URLSearchParams(location.search).get(key), localStorage.getItem(key)]
      .find((tab) => names.includes(tab));
  const keep = (key, tab) => {
    const address = new URL(location);
    if (tab) {
      localStorage.setItem(key, tab);
      address.searchParams.set(key, tab);
    } else {
      localStorage.removeItem(key);
      address.searchParams.delete(key);
    }
    history.replaceState(null, "", address);
  };

  // A page that has nothing of the chosen one says so, and shows another.
  const choose = (wanted) => {
    const tab = here.includes(wanted) ? wanted : here[0];
    if (tab === wanted) delete page.dataset.missing;
    else page.dataset.missing = wanted;
    page.dataset.tab = tab;
    for (const button of document.querySelectorAll("[role=tab]")) {
      const chosen = button.dataset.tab === tab;
      button.setAttribute("aria-selected", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
    if (page.dataset.compare === tab) compareWith("");
    page.dispatchEvent(new Event("tabchange"));
  };

  // Show a second framework beside the chosen one; "" for none.
  const compareWith = (tab) => {
    if (tab && tab !== page.dataset.tab) page.dataset.compare = tab;
    else delete page.dataset.compare;
    keep("compare", page.dataset.compare);
  };

  // Switch, and keep what the reader was looking at where it was.
  const switchTo = (button) => {
    const top = button.getBoundingClientRect().top;
    choose(button.dataset.tab);
    keep("tab", button.dataset.tab);
    window.scrollBy({
      top: button.getBoundingClientRect().top - top,
      behavior: "instant",
    });
  };

  choose(find("tab") ?? names[0]);
  if (here.includes(find("compare"))) compareWith(find("compare"));
  page.addEventListener("compare", (event) => compareWith(event.detail));
  document.addEventListener("DOMContentLoaded", () =>
    choose(page.dataset.missing ?? page.dataset.tab));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[role=tab]");
    if (button) switchTo(button);
  });

  document.addEventListener("keydown", (event) => {
    const button = event.target.closest("[role=tab]");
    if (!button) return;
    const tabs = [...button.parentElement.children];
    const i = tabs.indexOf(button);
    const next = {
      ArrowLeft: tabs.at(i - 1),
      ArrowRight: tabs[(i + 1) % tabs.length],
      Home: tabs[0],
      End: tabs.at(-1),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    switchTo(next);
    next.focus({ preventScroll: true });
  });
}

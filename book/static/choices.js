// What the reader chose: the framework, and the theme's colors.
// Loaded in the head, so that a page shows the choices from the start.

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
  const names = ["pytorch", "jax", "tensorflow", "mxnet"];
  const asked = new URLSearchParams(location.search).get("tab");
  const kept = localStorage.getItem("tab");

  const choose = (tab) => {
    page.dataset.tab = tab;
    for (const button of document.querySelectorAll("[role=tab]")) {
      const chosen = button.dataset.tab === tab;
      button.setAttribute("aria-selected", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
  };

  // Switch, and keep what the reader was looking at where it was.
  const switchTo = (button) => {
    const top = button.getBoundingClientRect().top;
    choose(button.dataset.tab);
    localStorage.setItem("tab", button.dataset.tab);
    const address = new URL(location);
    address.searchParams.set("tab", button.dataset.tab);
    history.replaceState(null, "", address);
    window.scrollBy({
      top: button.getBoundingClientRect().top - top,
      behavior: "instant",
    });
  };

  choose([asked, kept].find((tab) => names.includes(tab)) ?? names[0]);
  document.addEventListener("DOMContentLoaded", () => choose(page.dataset.tab));

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

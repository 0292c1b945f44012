// Two frameworks side by side, with the lines that differ marked. On wide
// screens every row of tabs ends in the choice of the second one; choices.js
// keeps it, book.css lays the two out.
const page = document.documentElement;
const wide = matchMedia("(min-width: 67em)");
const template = document.createElement("select");
template.className = "compare";
template.setAttribute("aria-label", words.compare_with);
template.add(new Option(words.compare, ""));
for (const tab of document.querySelector("[role=tablist]")?.children ?? []) {
  template.add(new Option(tab.textContent, tab.dataset.tab));
}
for (const row of document.querySelectorAll("[role=tablist]")) {
  const select = template.cloneNode(true);
  const holder = document.createElement("div");
  holder.className = "compare-row";
  row.before(holder);
  holder.append(row, select);
}

// Ranges of the lines of `code` that are not lines of `other`, in order.
function differing(code, other) {
  const lines = code.textContent.split("\n");
  const others = other.textContent.split("\n");
  const common = commonLines(lines, others);
  const ranges = [];
  let start = 0;
  for (const [i, line] of lines.entries()) {
    if (!common.has(i) && line.trim()) {
      ranges.push(range(code, start + line.search(/\S/),
                        start + line.length));
    }
    start += line.length + 1;
  }
  return ranges;
}

// The positions in `a` of a longest common subsequence of two lists.
function commonLines(a, b) {
  const length = Array.from({ length: a.length + 1 },
                            () => Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i][j] = a[i] === b[j]
        ? length[i + 1][j + 1] + 1
        : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  const common = new Set();
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      common.add(i++);
      j++;
    } else if (length[i + 1][j] >= length[i][j + 1]) i++;
    else j++;
  }
  return common;
}

// The range of the characters from `start` to `end` of an element.
function range(element, start, end) {
  const found = new Range();
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let before = 0;
  let begun = false;
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const after = before + node.length;
    if (!begun && start < after) {
      found.setStart(node, start - before);
      begun = true;
    }
    if (end <= after) {
      found.setEnd(node, end - before);
      break;
    }
    before = after;
  }
  return found;
}

function mark() {
  const { tab, compare } = page.dataset;
  const ranges = [];
  if (compare && wide.matches) {
    for (const group of document.querySelectorAll(".tabs")) {
      const [left, right] = [tab, compare].map((name) => [
        ...group.querySelectorAll(
          `[data-tab="${name}"] .highlight-python pre`)]);
      for (let i = 0; i < Math.min(left.length, right.length); i++) {
        ranges.push(...differing(left[i], right[i]),
                    ...differing(right[i], left[i]));
      }
    }
  }
  CSS.highlights?.set("differing", new Highlight(...ranges));
  for (const select of document.querySelectorAll("select.compare")) {
    select.value = compare ?? "";
    select.options[0].text = compare ? words.compare_end : words.compare;
  }
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("select.compare")) return;
  const top = event.target.getBoundingClientRect().top;
  page.dispatchEvent(new CustomEvent("compare",
                                     { detail: event.target.value }));
  mark();
  const moved = event.target.getBoundingClientRect().top - top;
  window.scrollBy({ top: moved, behavior: "instant" });
});
page.addEventListener("tabchange", mark);
wide.addEventListener("change", mark);
mark();

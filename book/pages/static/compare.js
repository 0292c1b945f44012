"use strict";
// Two frameworks side by side, with what differs marked. On wide
// screens every row of tabs ends in the choice of the second one; choices.js
// keeps it, book.css lays the two out.
{
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

  // The tokens that differ between two pieces of code, as ranges of both: of
  // lines that are in one alone, the words and signs that are in one alone.
  function differing(...codes) {
    const lines = codes.map((code) => [...code.textContent.matchAll(/.+/g)]);
    const ranges = [[], []];
    let [i, j] = [0, 0];
    const ends = lines.map((all) => all.length);
    for (const [nextI, nextJ] of [...common(...lines), ends]) {
      const [ours, theirs] = [lines[0].slice(i, nextI),
                              lines[1].slice(j, nextJ)].map(tokensOf);
      const both = common(ours, theirs);
      for (const [side, tokens] of [ours, theirs].entries()) {
        const shared = new Set(both.map((pair) => pair[side]));
        ranges[side].push(...joined(tokens, shared).map(
          ([start, end]) => range(codes[side], start, end)));
      }
      [i, j] = [nextI + 1, nextJ + 1];
    }
    return ranges.flat();
  }

  const tokensOf = (lines) => lines.flatMap((line) =>
    [...line[0].matchAll(/[\p{L}\p{N}_]+|\S/gu)].map((token) => (
      { 0: token[0], index: line.index + token.index, line })));

  // Where the tokens start and end that are not shared; neighbours together.
  function joined(tokens, shared) {
    const found = [];
    for (const [i, token] of tokens.entries()) {
      if (shared.has(i)) continue;
      const end = token.index + token[0].length;
      if (i && !shared.has(i - 1) && tokens[i - 1].line === token.line) {
        found.at(-1)[1] = end;
      } else found.push([token.index, end]);
    }
    return found;
  }

  // The positions of a longest common subsequence of two lists of matches.
  function common(a, b) {
    const length = Array.from({ length: a.length + 1 },
                              () => Array(b.length + 1).fill(0));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        length[i][j] = a[i][0] === b[j][0]
          ? length[i + 1][j + 1] + 1
          : Math.max(length[i + 1][j], length[i][j + 1]);
      }
    }
    const pairs = [];
    for (let i = 0, j = 0; i < a.length && j < b.length; ) {
      if (a[i][0] === b[j][0]) pairs.push([i++, j++]);
      else if (length[i + 1][j] >= length[i][j + 1]) i++;
      else j++;
    }
    return pairs;
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
          ranges.push(...differing(left[i], right[i]));
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
}

"use strict";
// Search: the dialog of templates/sidebar/search.html over the data that
// book/pages/search.py writes. Nothing is loaded before the dialog opens.
{
  const HANGUL = /[가-힣]/;
  const RUNS = /[가-힣]+|(?:(?!\p{Script=Hangul})[\p{L}\p{N}_])+/gu;
  const ENOUGH = 3;
  const LIMIT = 30;

  // Korean is found by pairs of syllables, so that particles and compounds need
  // no dictionary: 잔차 is a pair of 잔차를. In the index the pairs cross spaces,
  // so that 배치정규화 finds 배치 정규화; and the last syllable stands alone, so
  // that every syllable begins a term.
  const pairs = (run) => [...run].map((_, i) => run.slice(i, i + 2));

  // Identifiers are found by their parts as well: LazyConv2d, num_channels.
  const parts = (name) => new Set([name, ...name.split(/_|(?<=[a-z])(?=[A-Z])/)]);

  // Sizes are words: 3 × 3, 3×3 and 3x3 are one.
  const joined = (text) => text.replace(/(\d)\s*[x×]\s*(?=\d)/gi, "$1x");

  const runsOf = (text) => joined(text).match(RUNS) ?? [];

  const termsOfText = (text) =>
    runsOf(text.replace(/(?<=[가-힣])\s+(?=[가-힣])/g, "")).flatMap((run) =>
      HANGUL.test(run) ? pairs(run) : [...parts(run)],
    );

  const termsOfQuery = (query) =>
    runsOf(query).flatMap((run) =>
      HANGUL.test(run) && run.length > 1 ? pairs(run).slice(0, -1) : [run],
    );

  // What to mark: syllables with or without spaces between them; Latin letters
  // anywhere, but one or two only where a word begins.
  const patternOf = (words) =>
    words
      .map((word) => {
        if (HANGUL.test(word)) return [...word].join("\\s*");
        if (/^[\dx]+$/.test(word)) return word.replace(/x/g, "\\s*[x×]\\s*");
        return word.length > 2 ? word : `(?<![\\p{L}\\p{N}])${word}`;
      })
      .join("|");

  // Return where a text has the words of a query, or else the terms.
  function hitsOf(text, query, terms) {
    for (const words of [runsOf(query), terms]) {
      const pattern = new RegExp(patternOf(words), "giu");
      const hits = words.length ? [...text.matchAll(pattern)] : [];
      if (hits.length) return hits;
    }
    return [];
  }

  async function load() {
    const [, { entries, synonyms }] = await Promise.all([
      book.run("_static/vendor/minisearch-7.2.0.js"),
      book.read("search"),
    ]);
    const index = new MiniSearch({
      fields: ["title", "page", "text", "code", "defined"],
      tokenize: termsOfText,
      searchOptions: {
        tokenize: termsOfQuery,
        prefix: true,
        boost: { title: 6, text: 2, defined: 6 },
        // The book comes before the reference.
        boostDocument: (id) => (entries[id].texts[""] ? 1 : 0.5),
      },
    });
    index.addAll(
      entries.map(({ title, places, texts: { "": text, ...codes } }, id) => {
        const code = Object.values(codes).join(" ");
        return {
          id,
          title,
          page: Object.values(places)[0].page,
          text,
          code,
          // Who looks for a name wants the place that defines it.
          defined: (code.match(/(?<=\b(?:class|def) )\w+/g) ?? []).join(" "),
        };
      }),
    );
    return (query) => {
      // What bears the very name comes first.
      const named = ({ title }) => title.toLowerCase() === query.toLowerCase();
      return find(index, query, synonyms)
        .map(({ id, terms }) => ({ ...entries[id], terms }))
        .sort((a, b) => named(b) - named(a));
    };
  }

  // Return what has the whole query. Where that is little, what has most of it
  // follows: letters may be mistaken, particles too many.
  function find(index, query, synonyms) {
    // While 정규화 is typed, ㅎ is a part of 규 for a moment: 정귷.
    const typed = query.replace(/[가-힣]$/, (syllable) => {
      const code = syllable.charCodeAt();
      return String.fromCharCode(code - ((code - 0xac00) % 28));
    });
    // What the book calls by another word.
    const called = Object.entries(synonyms).reduce(
      (text, [word, term]) => text.replaceAll(word, term), query);
    const whole = (text) => index.search(text, { combineWith: "AND" });
    const most = (text) => {
      const half = new Set(termsOfQuery(text)).size / 2;
      return index
        .search(text, { fuzzy: (term) => /^\w{5,}$/.test(term) && 0.2 })
        .filter((result) => result.queryTerms.length >= half);
    };
    const searches = [
      () => whole(query),
      () => whole(called),
      () => whole(typed),
      () => [...misspelt(query)].flatMap(whole),
      () => most(called),
    ];
    const found = new Map();
    for (const search of searches) {
      if (found.size >= ENOUGH) break;
      for (const result of search())
        if (!found.has(result.id)) found.set(result.id, result);
    }
    return [...found.values()];
  }

  // Return what a query may have been, with one letter of it mistaken.
  function* misspelt(query) {
    for (const { 0: syllable, index } of query.matchAll(/[가-힣]/g)) {
      const code = syllable.charCodeAt() - 0xac00;
      for (const [size, count] of [[588, 19], [28, 21], [1, 28]]) {
        const letter = Math.floor(code / size) % count;
        for (let other = 0; other < count; other++) {
          if (other === letter) continue;
          yield query.slice(0, index) +
            String.fromCharCode(0xac00 + code + (other - letter) * size) +
            query.slice(index + 1);
        }
      }
    }
  }

  // The dialog.
  const dialog = document.querySelector("dialog.search");
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const status = dialog.querySelector("[role=status]");
  const asked = new URLSearchParams(location.search).get("q") ?? "";
  let loading;

  function open() {
    dialog.showModal();
    input.select();
    update();
  }

  async function update() {
    if (!loading) status.textContent = words.searching;
    try {
      const search = await (loading ??= load());
      show(search, input.value.normalize("NFKC"));
    } catch (error) {
      loading = null;
      status.textContent = words.search_failed;
      console.error(error);
    }
  }

  function show(search, query) {
    const found = search(query);
    list.replaceChildren(
      ...found.slice(0, LIMIT).map((entry, i) => option(entry, query, i)),
    );
    list.scrollTop = 0;
    input.setAttribute("aria-expanded", found.length > 0);
    activate(list.firstChild);
    if (found.length > LIMIT)
      status.textContent =
        words.found_many.replace("{n}", found.length)
          .replace("{limit}", LIMIT);
    else if (found.length) status.textContent = words.found.replace("{n}", found.length);
    else if (!query.trim()) status.textContent = "";
    else status.textContent = words.found_none;
  }

  function option({ title, places, texts, terms }, query, i) {
    const chosen = document.documentElement.dataset.tab;
    const hits = (text) => hitsOf(text, query, terms);
    // What all frameworks share comes first, then the reader's framework.
    const tabs = ["", chosen, ...Object.keys(texts)].filter((tab) => texts[tab]);
    const tab = tabs.find((tab) => hits(texts[tab]).length) ?? tabs[0];
    const place = places[tab] ?? places[chosen] ?? Object.values(places)[0];

    const address = new URL(place.url, book.root);
    address.searchParams.set("q", query);
    const isOther = tab && tab !== chosen;
    if (isOther || new URLSearchParams(location.search).has("tab"))
      address.searchParams.set("tab", isOther ? tab : chosen);

    const heading = `${place.number} ${title}`.trim();
    const link = element("a", "", [
      place.page === heading ? "" : element("span", "search-page", [place.page]),
      element("span", "search-heading", marked(heading, hits(heading))),
      element("span", "search-text", excerpt(texts[tab] ?? "", hits)),
    ]);
    link.href = address;
    link.id = `search-result-${i}`;
    link.role = "option";
    link.tabIndex = -1;
    return link;
  }

  // Return the stretch of a text that has the most of a query's words.
  function excerpt(text, hits) {
    const all = hits(text);
    const counts = all.map(({ index }) => {
      const near = hits(text.slice(index, index + 120));
      return new Set(near.map(([word]) => word.toLowerCase())).size;
    });
    const first = all[counts.indexOf(Math.max(...counts))]?.index ?? 0;
    const start = first < 40 ? 0 : text.lastIndexOf(" ", first - 30) + 1;
    const isLong = text.length - start > 180;
    const end = isLong ? text.lastIndexOf(" ", start + 160) : text.length;
    return [
      start ? "… " : "",
      ...marked(text, all, start, end),
      isLong ? " …" : "",
    ];
  }

  function marked(text, hits, start = 0, end = text.length) {
    const pieces = [];
    for (const { index, 0: word } of hits) {
      if (index < start || index + word.length > end) continue;
      pieces.push(text.slice(start, index), element("mark", "", [word]));
      start = index + word.length;
    }
    return [...pieces, text.slice(start, end)];
  }

  function element(name, className, children) {
    const made = document.createElement(name);
    made.className = className;
    made.append(...children);
    return made;
  }

  const active = () => list.querySelector("[aria-selected=true]");

  function activate(option) {
    active()?.setAttribute("aria-selected", false);
    option?.setAttribute("aria-selected", true);
    option?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option?.id ?? "");
  }

  input.value = asked;
  input.addEventListener("input", update);
  input.addEventListener("keydown", (event) => {
    // A key that ends a syllable in the making comes a second time.
    if (event.isComposing) return;
    const options = [...list.children];
    const i = options.indexOf(active());
    if (event.key === "ArrowDown") activate(options[(i + 1) % options.length]);
    else if (event.key === "ArrowUp") activate(options.at(i - 1));
    else if (event.key === "Enter") active()?.click();
    else return;
    event.preventDefault();
  });
  // A result on this page leaves the page as it is.
  list.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest(".search-close"))
      dialog.close();
  });

  for (const button of document.querySelectorAll(".search-open"))
    button.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    // The key's place, for its letter is ㅏ while Korean is typed.
    if (event.code !== "KeyK" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });

  // Mark on this page what was searched for, until Escape.
  if (asked && window.Highlight) {
    const texts = document.createTreeWalker(
      document.querySelector("article"),
      NodeFilter.SHOW_TEXT,
    );
    const nodes = [];
    let text = "";
    while (texts.nextNode()) {
      nodes.push([text.length, texts.currentNode]);
      text += texts.currentNode.data;
    }
    const at = (index) => {
      const [start, node] = nodes.findLast(([start]) => start <= index);
      return [node, index - start];
    };
    const ranges = hitsOf(text, asked, termsOfQuery(asked)).map((hit) => {
      const range = new Range();
      range.setStart(...at(hit.index));
      range.setEnd(...at(hit.index + hit[0].length));
      return range;
    });
    CSS.highlights.set("search", new Highlight(...ranges));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !dialog.open) CSS.highlights.clear();
    });
  }
}

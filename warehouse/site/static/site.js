/* The search box, and charts drawn anew with Vega-Lite when somebody asks to explore one. Without
   this script every page is whole: links, charts and tables are in the page itself. */
"use strict";

(() => {
  const root = document.body.dataset.root;

  // Search: a combobox with a list, after the ARIA authoring practices.

  const fold = (text) => text.normalize("NFD").replace(/[^\p{L}\p{N} ]+/gu, " ").toLowerCase().trim();

  // How many letters must be changed, left out, put in or swapped to make one word of the other.
  function distance(one, two) {
    const rows = Array.from({ length: one.length + 1 }, (_, i) => [i]);
    for (let j = 1; j <= two.length; j += 1) rows[0][j] = j;
    for (let i = 1; i <= one.length; i += 1) {
      for (let j = 1; j <= two.length; j += 1) {
        const cost = one[i - 1] === two[j - 1] ? 0 : 1;
        rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost);
        if (i > 1 && j > 1 && one[i - 1] === two[j - 2] && one[i - 2] === two[j - 1]) {
          rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
      }
    }
    return rows[one.length][two.length];
  }

  // A word that was mistyped by a letter, of a name's own words; short words are not guessed at.
  const nearly = (word, name) => word.length > 3
    && name.trim().split(" ").some((part) => Math.abs(part.length - word.length) < 2
      && distance(word, part) <= (word.length > 7 ? 2 : 1));

  function found(query) {
    const words = fold(query).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const entries = (window.coreMeasuresSearch || [])
      .map((entry) => [entry, ` ${fold(entry[0])}`, ` ${fold(entry[3])}`]);
    // Names first that begin with what was typed, then other words for them, then the alphabet.
    const rank = ([, name, also]) => {
      const w = ` ${words[0]}`;
      return name.startsWith(w) ? 0 : also.includes(w) ? 1 : name.includes(w) ? 2 : 3;
    };
    let hits = entries.filter(([, name, also]) =>
      words.every((word) => name.includes(word)) || words.every((word) => also.includes(` ${word}`)));
    if (!hits.length) {
      hits = entries.filter(([, name, also]) => words.every((word) => nearly(word, name) || nearly(word, also)));
    }
    return hits
      .sort((a, b) => rank(a) - rank(b) || a[0][0].localeCompare(b[0][0]))
      .slice(0, 8)
      .map(([entry]) => entry);
  }

  function search(box) {
    const input = box.querySelector("input");
    const list = box.querySelector("ul");
    const status = box.querySelector("[data-search-status]");
    let chosen = -1;
    box.hidden = false;

    const options = () => [...list.children];
    const close = () => {
      list.hidden = true;
      chosen = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const choose = (place) => {
      const all = options();
      if (!all.length) return;
      chosen = (place + all.length) % all.length;
      all.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
      input.setAttribute("aria-activedescendant", all[chosen].id);
      all[chosen].scrollIntoView({ block: "nearest" });
    };
    const open = () => {
      const entries = found(input.value);
      list.replaceChildren(
        ...entries.map(([name, href, where], i) => {
          const option = document.createElement("li");
          option.id = `search-${i}`;
          option.setAttribute("role", "option");
          option.setAttribute("aria-selected", "false");
          option.dataset.href = root + href;
          option.textContent = name;
          const note = document.createElement("span");
          note.textContent = where;
          option.append(note);
          return option;
        }),
      );
      chosen = -1;
      input.removeAttribute("aria-activedescendant");
      list.hidden = !entries.length;
      input.setAttribute("aria-expanded", String(!!entries.length));
      const n = entries.length;
      status.classList.toggle("unseen", n > 0 || !input.value.trim());
      status.textContent = !input.value.trim() ? "" : n ? `${n} found` : `Nothing is called “${input.value.trim()}”. `;
      if (input.value.trim() && !n) {
        const all = document.createElement("a");
        all.href = `${root}index.html#councils`;
        all.textContent = "See all councils and measures";
        status.append(all);
      }
    };
    const go = (option) => { if (option) window.location.href = option.dataset.href; };

    // What it searches is loaded when somebody is about to search.
    let index = null;
    const ready = () => { index ||= load(`${root}assets/search-index.js`); return index; };
    input.addEventListener("input", () => ready().then(open));
    input.addEventListener("focus", () => ready().then(() => { if (input.value) open(); }));
    input.addEventListener("blur", () => window.setTimeout(close, 150));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open();
        choose(event.key === "ArrowDown" ? chosen + 1 : chosen < 0 ? -1 : chosen - 1);
      } else if (event.key === "Enter") {
        event.preventDefault();
        ready().then(() => {
          if (list.hidden) open();
          go(options()[Math.max(chosen, 0)]);
        });
      } else if (event.key === "Escape") {
        if (list.hidden) input.value = "";
        close();
      }
    });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      go(event.target.closest("li"));
    });
  }

  // Charts. The scripts that draw them are large, and are loaded when first asked for.

  let loading = null;
  function load(source) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${source} is not there`));
      document.head.append(script);
    });
  }
  function charts() {
    loading ||= load(`${root}assets/specs.js`).then(() => load(document.body.dataset.charts));
    return loading;
  }

  function points(told) {
    const rows = [];
    told.l.forEach((line, run) => {
      for (const [at, value, lower, upper] of line.p) {
        const [end, period, label] = told.t[at];
        const row = { run, kind: line.k, name: line.n, end, period, label, value };
        if (lower !== undefined) Object.assign(row, { lower, upper });
        rows.push(row);
      }
    });
    return rows;
  }

  function spec(told, width) {
    const made = structuredClone(window.coreMeasuresSpecs.line);
    const data = { figures: points(told) };
    data.breaks = (told.b || []).map(([at, label]) => {
      const year = Math.floor(at);
      return { at: new Date(Date.UTC(year, 0, 1 + (at - year) * 365)).toISOString(), label };
    });
    made.datasets = Object.fromEntries(Object.keys(made.datasets).map((name) => [name, data[name]]));
    // A layer without data would have no extent: no breaks, or no intervals for the band.
    const banded = data.figures.some(({ lower }) => lower !== undefined);
    made.layer = made.layer.filter(({ data: { name } = {}, transform }) =>
      (!name || data[name].length) && (!transform || banded));
    made.width = width;
    const unit = told.u === "score" ? "Score" : told.u;
    // The axis says the periods as their publisher does.
    const ends = told.t.map(([end]) => Date.parse(end));
    const labels = told.t.map(([, , label], i) => `'${ends[i]}':${JSON.stringify(label)}`).join(",");
    const filled = JSON.stringify(made)
      .replaceAll("%FORMAT%", `,.${told.d}f`)
      .replaceAll('"%UNIT%"', JSON.stringify(unit))
      .replaceAll('["%ENDS%"]', JSON.stringify(told.t.map(([end]) => `${end}T00:00Z`)))
      .replaceAll('"%LABELS%"', JSON.stringify(`({${labels}})[time(datum.value)]`));
    return JSON.parse(filled);
  }

  let figures = null;
  async function explore(figure, button) {
    button.disabled = true;
    button.textContent = "Loading…";
    try {
      figures ||= load(document.body.dataset.explored);
      await Promise.all([charts(), figures]);
      const told = window.coreMeasuresCharts[figure.id];
      const picture = figure.querySelector(".picture");
      const label = picture.querySelector("svg").getAttribute("aria-label");
      const width = Math.max(200, picture.clientWidth);
      const holder = document.createElement("div");
      picture.replaceChildren(holder);
      const made = await window.vegaEmbed(holder, { ...spec(told, width), description: label }, {
        renderer: "svg",
        ast: true, // no code is made from text, so that the page may forbid it
        actions: false,
        defaultStyle: false,
        tooltip: { disableDefaultStyle: true },
        loader: { load: () => Promise.reject(new Error("nothing is fetched")) },
      });
      figure.classList.add("explored");
      button.remove();
      figure.append(toolbar(made.view, figure.id));
    } catch (error) {
      button.textContent = `This chart cannot be explored: ${error.message}`;
    }
  }

  function toolbar(view, name) {
    const bar = document.createElement("p");
    bar.className = "toolbar";
    for (const kind of ["png", "svg"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `Save as ${kind.toUpperCase()}`;
      button.addEventListener("click", async () => {
        const link = document.createElement("a");
        link.href = await picture(view, kind);
        link.download = `${name}.${kind}`;
        link.click();
      });
      bar.append(button);
    }
    return bar;
  }

  // A saved picture knows no style sheet: colours are written out.
  async function picture(view, kind) {
    const style = getComputedStyle(document.documentElement);
    const svg = (await view.toSVG(1)).replace(/var\((--[a-z]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
    const data = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    if (kind === "svg") return data;
    const image = new Image();
    image.src = data;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
    const context = canvas.getContext("2d");
    context.fillStyle = style.getPropertyValue("--paper").trim();
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png");
  }

  // What other scripts of these pages share.
  window.coreMeasures = { load, charts, fold, toolbar };

  document.querySelectorAll("[data-search]").forEach(search);
  for (const button of document.querySelectorAll("[data-chart] button.explore")) {
    button.hidden = false;
    button.addEventListener("click", () => explore(button.closest("[data-chart]"), button));
  }
  // A link to a measure opens what it leads into, and all that this stands in.
  const opened = () => {
    const target = window.location.hash && document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    let details = target && target.closest("details");
    if (!details) return;
    for (; details; details = details.parentElement.closest("details")) details.open = true;
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", opened);
  // A second click on the same link too: the address does not change then.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === window.location.hash) opened();
  });
  opened();

  // Folds: all of a section at once, and all of a page for the printer.
  for (const button of document.querySelectorAll("[data-open-all]")) {
    const cards = [...button.closest("section").querySelectorAll("details.card")];
    button.hidden = !cards.length;
    button.addEventListener("click", () => {
      const open = cards.some((card) => !card.open);
      cards.forEach((card) => { card.open = open; });
      button.textContent = open ? "Close all" : "Open all";
    });
  }

  // The list of contents says where the reader is; on a narrow screen it starts folded.
  const list = document.querySelector(".with-contents .contents");
  if (list) {
    const links = new Map([...list.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
    const narrow = window.matchMedia("(max-width: 60rem)");
    const fold = () => { list.querySelector("details").open = !narrow.matches; };
    narrow.addEventListener("change", fold);
    fold();
    list.addEventListener("click", (event) => {
      if (event.target.closest("a") && narrow.matches) list.querySelector("details").open = false;
    });
    const seen = new Set();
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target);
      const first = [...document.querySelectorAll("[data-follow], details.card")].filter((one) => seen.has(one)).pop();
      for (const link of links.values()) link.removeAttribute("aria-current");
      const id = first && (first.getAttribute("aria-labelledby") || first.id);
      links.get(id)?.setAttribute("aria-current", "true");
    }, { rootMargin: "-10% 0px -75% 0px" });
    document.querySelectorAll("[data-follow], .content details.card").forEach((one) => watcher.observe(one));
  }
})();

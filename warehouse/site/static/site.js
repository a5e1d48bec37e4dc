/* The search box, and charts drawn anew with Vega-Lite when somebody asks to explore one. Without
   this script every page is whole: links, charts and tables are in the page itself. */
"use strict";

(() => {
  const root = document.body.dataset.root;

  // Search: a combobox with a list, after the ARIA authoring practices.

  const fold = (text) => text.normalize("NFD").replace(/[^\p{L}\p{N} ]+/gu, " ").toLowerCase().trim();

  function found(query) {
    const words = fold(query).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    return (window.coreMeasuresSearch || [])
      .map((entry) => [entry, ` ${fold(entry[0])}`])
      .filter(([, name]) => words.every((word) => name.includes(word)))
      // Names that begin with what was typed come first, otherwise the alphabet.
      .sort(([a, nameA], [b, nameB]) => {
        const starts = (name) => (name.startsWith(` ${words[0]}`) ? 0 : name.includes(` ${words[0]}`) ? 1 : 2);
        return starts(nameA) - starts(nameB) || a[0].localeCompare(b[0]);
      })
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
      status.textContent = !input.value.trim() ? "" : n ? `${n} found` : "Nothing of that name";
    };
    const go = (option) => { if (option) window.location.href = option.dataset.href; };

    input.addEventListener("input", open);
    input.addEventListener("focus", () => { if (input.value) open(); });
    input.addEventListener("blur", () => window.setTimeout(close, 150));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open();
        choose(event.key === "ArrowDown" ? chosen + 1 : chosen < 0 ? -1 : chosen - 1);
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (list.hidden) open();
        go(options()[Math.max(chosen, 0)]);
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
        const [end, period] = told.t[at];
        const row = { run, kind: line.k, name: line.n, end, period, value };
        if (lower !== undefined) Object.assign(row, { lower, upper });
        rows.push(row);
      }
    });
    return rows;
  }

  function spread(told) {
    return told.s.map(([name, region, value, lower, upper]) => ({ name, region, value, lower, upper }));
  }

  function spec(kind, told, width) {
    const made = structuredClone(window.coreMeasuresSpecs[kind]);
    const data = { figures: kind === "line" ? points(told) : spread(told) };
    data.breaks = (told.b || []).map(([at, label]) => {
      const year = Math.floor(at);
      return { at: new Date(Date.UTC(year, 0, 1 + (at - year) * 365)).toISOString(), label };
    });
    data.england = told.e === null || told.e === undefined ? [] : [{ value: told.e, name: "England" }];
    made.datasets = Object.fromEntries(Object.keys(made.datasets).map((name) => [name, data[name]]));
    // A layer without data would have no extent.
    made.layer = made.layer.filter(({ data: { name } = {} }) => !name || data[name].length);
    made.width = width;
    if (kind === "strip") made.height = new Set(data.figures.map(({ region }) => region)).size * 34;
    const format = `,.${told.d}f`;
    const unit = told.u === "score" ? "Score" : told.u;
    const filled = JSON.stringify(made).replaceAll("%FORMAT%", format).replaceAll('"%UNIT%"', JSON.stringify(unit));
    return JSON.parse(filled);
  }

  async function explore(figure, told, button) {
    button.disabled = true;
    button.textContent = "Loading…";
    try {
      await charts();
      const picture = figure.querySelector(".picture");
      const label = picture.querySelector("svg").getAttribute("aria-label");
      const width = Math.max(200, picture.clientWidth);
      const holder = document.createElement("div");
      picture.replaceChildren(holder);
      const made = await window.vegaEmbed(holder, { ...spec(figure.dataset.chart, told, width), description: label }, {
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

  document.querySelectorAll("[data-search]").forEach(search);
  const data = document.getElementById("chart-data");
  if (data) {
    const told = JSON.parse(data.textContent);
    for (const figure of document.querySelectorAll("[data-chart]")) {
      const button = figure.querySelector("button.explore");
      if (!told[figure.id]) continue;
      button.hidden = false;
      button.addEventListener("click", () => explore(figure, told[figure.id], button));
    }
  }
  // A link to a measure opens what it leads into.
  const opened = () => {
    const target = window.location.hash && document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    const details = target && target.closest("details");
    if (details) details.open = true;
  };
  window.addEventListener("hashchange", opened);
  opened();
})();

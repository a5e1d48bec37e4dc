/* Comparing areas: the choice stands in the address, figures come from a script a measure. */
"use strict";

(() => {
  const { load, charts, fold, toolbar } = window.coreMeasures;
  const root = document.body.dataset.root;
  const MOST = 10;
  const { councils, regions, measures } = window.coreMeasuresAreas;
  const names = new Map([["england", "England"], ...regions, ...councils.map(([slug, name]) => [slug, name])]);
  const titles = new Map(measures.map(([id, title]) => [id, title]));
  const box = document.querySelector("[data-compare]");
  const status = box.querySelector("[data-compare-status]");
  const input = box.querySelector("#compare-area");
  const chosenList = box.querySelector("[data-chosen]");
  const results = box.querySelector("[data-results]");
  const boxes = [...box.querySelectorAll("input[name=measure]")];
  let chosen = [];
  let drawing = 0;

  box.hidden = false;
  box.querySelector("datalist").append(...[...names.values()].map((name) => new Option(name)));
  boxes.forEach((one) => { one.disabled = !titles.has(one.value); });

  function read() {
    const asked = new URLSearchParams(window.location.hash.slice(1));
    const wanted = (key) => (asked.get(key) || "").split(",").filter(Boolean);
    const unknown = wanted("areas").filter((area) => !names.has(area));
    chosen = [...new Set(wanted("areas").filter((area) => names.has(area)))].slice(0, MOST);
    const ticked = new Set(wanted("measures"));
    boxes.forEach((one) => { one.checked = ticked.has(one.value) && !one.disabled; });
    if (unknown.length) status.textContent = `Not known, and left out: ${unknown.join(", ")}.`;
    draw();
  }
  function write() {
    const ticked = boxes.filter((one) => one.checked).map((one) => one.value);
    // Commas and colons are allowed there, and stay readable.
    window.history.replaceState(null, "", `#areas=${chosen.join(",")}&measures=${ticked.join(",")}`);
    draw();
  }

  // By its name, or the one search finds alone.
  function areaOf(text) {
    const exact = [...names].find(([, name]) => fold(name) === fold(text));
    if (exact) return [exact[0]];
    return [...names].filter(([, name]) => fold(name).includes(fold(text))).map(([slug]) => slug);
  }
  function add(slugs) {
    const fresh = slugs.filter((slug) => !chosen.includes(slug));
    chosen = [...chosen, ...fresh].slice(0, MOST);
    status.textContent = chosen.length === MOST ? `${MOST} areas are chosen, which is the most.` : "";
    write();
  }
  box.querySelector("[data-add-area]").addEventListener("submit", (event) => {
    event.preventDefault();
    const found = input.value.trim() ? areaOf(input.value) : [];
    if (found.length === 1) {
      input.value = "";
      add(found);
    } else if (input.value.trim()) {
      status.textContent = found.length
        ? `Which of these: ${found.slice(0, 6).map((slug) => names.get(slug)).join(", ")}?`
        : `Nothing is called “${input.value.trim()}”.`;
    }
  });
  // The council that was chosen first, which others are added to.
  const firstCouncil = () => councils.find(([slug]) => slug === chosen.find((area) => councils.some(([one]) => one === area)));
  box.querySelector("[data-add-neighbours]").addEventListener("click", () => {
    const first = firstCouncil();
    if (first) add(first[4].map((place) => councils[place][0]));
  });
  boxes.forEach((one) => one.addEventListener("change", write));

  function chips() {
    chosenList.replaceChildren(...chosen.map((slug) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain-button";
      button.textContent = "Remove";
      button.setAttribute("aria-label", `Remove ${names.get(slug)}`);
      button.addEventListener("click", () => { chosen = chosen.filter((one) => one !== slug); write(); });
      item.append(`${names.get(slug)} `, button);
      return item;
    }));
    const first = firstCouncil();
    const button = box.querySelector("[data-add-neighbours]");
    button.hidden = !first || !first[4].length;
    if (first) button.textContent = `Add the neighbours of ${first[1]}`;
  }

  // A line stops at a year without a figure, at a missing year and at a break.
  function points(series) {
    const rows = [];
    chosen.forEach((slug) => {
      const area = series.areas[slug];
      let run = `${slug}-0`;
      let before = null;
      series.periods.forEach(([label, period, , end, year], at) => {
        const value = area?.v[at];
        if (typeof value !== "number") { before = null; return; }
        const apart = before === null || year - before > 1
          || series.breaks.some((broken) => before < broken && broken <= year);
        if (apart) run = `${slug}-${at}`;
        before = year;
        const row = { run, name: names.get(slug), end, label, period, value };
        if (area.l?.[at] != null) Object.assign(row, { lower: area.l[at], upper: area.u[at] });
        rows.push(row);
      });
    });
    return rows;
  }
  const said = (value, decimals) => value.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

  function table(series) {
    const made = document.createElement("table");
    made.className = "figures all-figures";
    const caption = made.createCaption();
    caption.textContent = `${series.title}${series.unit === "score" ? "" : ` (${series.unit})`}`;
    const head = made.createTHead().insertRow();
    for (const name of ["Period", ...chosen.map((slug) => names.get(slug))]) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = name;
      head.append(cell);
    }
    const body = made.createTBody();
    series.periods.forEach(([, period], at) => {
      const cells = chosen.map((slug) => series.areas[slug]?.v[at]);
      if (cells.every((value) => value === null || value === undefined)) return;
      const row = body.insertRow(0);
      const first = document.createElement("th");
      first.scope = "row";
      first.textContent = period;
      row.append(first);
      for (const value of cells) {
        const cell = row.insertCell();
        const number = typeof value === "number";
        cell.textContent = number ? said(value, series.decimals) : value || "no figure";
        if (!number) cell.className = "none";
      }
    });
    return made;
  }
  function csv(measure, series) {
    const quoted = (text) => (/[",\n]/.test(text) ? `"${String(text).replaceAll('"', '""')}"` : text);
    const lines = [["measure_id", "series_id", "area", "period", "value", "lower_95", "upper_95", "why_none", "unit"]];
    for (const slug of chosen) {
      const area = series.areas[slug];
      series.periods.forEach(([label], at) => {
        const value = area?.v[at];
        if (value === null || value === undefined) return;
        const number = typeof value === "number";
        lines.push([measure, series.id, names.get(slug), label, number ? value : "",
          area.l?.[at] ?? "", area.u?.[at] ?? "", number ? "" : value, series.unit]);
      });
    }
    return lines.map((line) => line.map(quoted).join(",")).join("\r\n");
  }
  function spec(series, width) {
    const made = structuredClone(window.coreMeasuresSpecs.compare);
    made.datasets = { figures: points(series) };
    made.width = width;
    // Long names side by side would be cut off.
    if (width < 420) for (const layer of made.layer) if (layer.encoding.color.legend) layer.encoding.color.legend.columns = 1;
    const ends = series.periods.map(([, , , end]) => Date.parse(end));
    const labels = series.periods.map(([label], i) => `'${ends[i]}':${JSON.stringify(label)}`).join(",");
    return JSON.parse(JSON.stringify(made)
      .replaceAll("%FORMAT%", `,.${series.decimals}f`)
      .replaceAll('"%UNIT%"', JSON.stringify(series.unit === "score" ? "Score" : series.unit))
      .replaceAll('["%ENDS%"]', JSON.stringify(series.periods.map(([, , , end]) => `${end}T00:00Z`)))
      .replaceAll('["%NAMES%"]', JSON.stringify(chosen.map((slug) => names.get(slug))))
      .replaceAll('"%LABELS%"', JSON.stringify(`({${labels}})[time(datum.value)]`)));
  }

  async function show(measure, series, place) {
    const holder = document.createElement("div");
    holder.className = "picture";
    const section = document.createElement("section");
    section.className = "explored";
    const id = `${measure}.${series.id}`;
    section.innerHTML = "<h3></h3>";
    section.firstChild.textContent = series.title;
    place.append(section);
    section.append(holder);
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "group");
    scroll.setAttribute("aria-label", `Figures: ${series.title}`);
    scroll.append(table(series));
    const made = await window.vegaEmbed(holder, { ...spec(series, Math.max(200, holder.clientWidth)), description: `Line chart: ${series.title}` }, {
      renderer: "svg", ast: true, actions: false, defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
      loader: { load: () => Promise.reject(new Error("nothing is fetched")) },
    });
    const bar = toolbar(made.view, id);
    const link = document.createElement("a");
    link.textContent = "Save as CSV";
    link.download = `${id}.csv`;
    link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(csv(measure, series))}`;
    bar.append(link);
    section.append(bar, scroll);
  }

  async function draw() {
    const turn = (drawing += 1);
    chips();
    const ticked = boxes.filter((one) => one.checked).map((one) => one.value);
    if (!chosen.length || !ticked.length) {
      const note = document.createElement("p");
      note.textContent = chosen.length ? "Choose a measure." : "Add an area, and choose measures.";
      results.replaceChildren(note);
      return;
    }
    const place = document.createElement("div");
    try {
      await charts();
      results.replaceChildren(place);
      for (const measure of ticked) {
        if (!window.coreMeasuresFigures?.[measure]) await load(`${root}assets/figures/${measure}.js`);
        if (turn !== drawing) return;
        const head = document.createElement("h2");
        const link = document.createElement("a");
        link.href = `${root}measures/${measure}.html`;
        link.textContent = titles.get(measure);
        head.append(link);
        place.append(head);
        // The series that stands for the measure, and below it, folded, the others.
        const [first, ...others] = window.coreMeasuresFigures[measure].series;
        await show(measure, first, place);
        if (turn !== drawing) return;
        if (others.length) {
          const more = document.createElement("details");
          const summary = document.createElement("summary");
          summary.textContent = `Other series of this measure (${others.length})`;
          more.append(summary);
          place.append(more);
          more.addEventListener("toggle", async () => {
            for (const series of others) await show(measure, series, more);
          }, { once: true });
        }
      }
    } catch (error) {
      status.textContent = `This cannot be drawn: ${error.message}`;
    }
  }

  window.addEventListener("hashchange", read);
  read();
})();

/* Every council of a measure: the year of a slider, filters, and a table that sorts. Figures of other
   years come from a script of the measure's own, loaded when the slider is first moved; what it says
   was rounded and judged where the page was made. */
"use strict";

(() => {
  const { load } = window.coreMeasures;
  const root = document.body.dataset.root;
  const SIGNS = {
    b: ["better", "+"], w: ["worse", "−"], s: ["similar", "="], h: ["higher", "↑"], l: ["lower", "↓"],
    u: ["untold", "?", "cannot be told"],
  };
  const SLOTS = [0, -6, 6, -12, 9];
  const councils = new Map(window.coreMeasuresAreas.councils.map((one) => [one[0], one]));
  const list = window.coreMeasuresAreas.councils;

  function figure(value, decimals) {
    return value.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  }
  function amount(value, { unit, decimals }) {
    const said = figure(value, decimals);
    return unit === "%" ? `${said}%` : unit === "score" ? said : `${said} ${unit}`;
  }

  function every(box) {
    const rows = [...box.querySelectorAll("tr[data-council]")];
    const tiles = new Map([...box.querySelectorAll(".tile")].map((one) => [one.dataset.council, one]));
    const strip = box.querySelector("svg.strip");
    const pointed = box.querySelector("[data-pointed]");
    const hatch = box.querySelector("pattern")?.id;
    let series = null;

    // What is pointed at is said in words, and marked wherever it stands.
    const name = (slug) => {
      const row = rows.find((one) => one.dataset.council === slug);
      const said = row?.cells[3].textContent.trim() || "no figure";
      const label = row ? row.cells[0].textContent.trim() : councils.get(slug)?.[1];
      return `${label}: ${said}`;
    };
    const point = (slug) => {
      box.querySelectorAll(".pointed-at").forEach((one) => one.classList.remove("pointed-at"));
      if (!slug) return;
      box.querySelectorAll(`svg [data-council="${slug}"]`).forEach((one) => one.classList.add("pointed-at"));
      pointed.textContent = name(slug);
    };
    box.addEventListener("mouseover", (event) => {
      const slug = event.target.closest("svg [data-council]")?.dataset.council;
      if (slug) point(slug);
    });
    box.addEventListener("click", (event) => {
      const slug = event.target.closest("svg [data-council]")?.dataset.council;
      if (slug) point(slug);
    });

    // The map by keyboard: arrows from tile to tile, Enter to the council's page.
    const map = box.querySelector("svg.tiles");
    if (map) {
      const place = (tile) => [Math.round(tile.x.baseVal.value / 40), Math.round(tile.y.baseVal.value / 40)];
      const all = [...tiles.values()];
      let at = all[0];
      map.setAttribute("tabindex", "0");
      map.setAttribute("role", "application");
      map.setAttribute("aria-roledescription", "map of tiles");
      map.setAttribute("aria-label", `${map.getAttribute("aria-label")} Arrow keys move from council to council, Enter opens one.`);
      const show = (tile) => { at = tile; point(tile.dataset.council); };
      map.addEventListener("focus", () => show(at));
      map.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (event.key === "Enter") {
          window.location.href = `${root}councils/${at.dataset.council}.html#${box.dataset.measure}`;
        } else if (step) {
          event.preventDefault();
          const [x, y] = place(at);
          // The nearest tile on that side, the straight way first.
          const next = all
            .map((tile) => {
              const [tx, ty] = place(tile);
              const along = (tx - x) * step[0] + (ty - y) * step[1];
              const across = Math.abs((tx - x) * step[1]) + Math.abs((ty - y) * step[0]);
              return [along > 0 ? along + across * 2 : Infinity, tile];
            })
            .sort((a, b) => a[0] - b[0])[0];
          if (next[0] < Infinity) show(next[1]);
        }
      });
    }

    // Filters: rows go, dots and tiles fade.
    const filters = [...box.querySelectorAll("[data-filter]")];
    const count = box.querySelector("[data-count]");
    const whole = count.textContent;
    function filter() {
      const want = Object.fromEntries(filters.map((one) => [one.dataset.filter, one.value]));
      const near = want.neighbours && councils.get(want.neighbours);
      const among = near && new Set([near[0], ...near[4].map((n) => list[n][0])]);
      const keeps = (row) =>
        (!want.region || row.cells[1].textContent === want.region)
        && (!want.type || row.cells[2].textContent === want.type)
        && (!among || among.has(row.dataset.council));
      let shown = 0;
      const kept = new Set();
      for (const row of rows) {
        const keep = keeps(row);
        row.hidden = !keep;
        if (keep) { shown += 1; kept.add(row.dataset.council); }
      }
      const any = Object.values(want).some(Boolean);
      box.querySelectorAll("svg [data-council]").forEach((one) => one.classList.toggle("faded", any && !kept.has(one.dataset.council)));
      count.textContent = any ? `${shown} of ${rows.length} councils shown.` : whole;
    }
    filters.forEach((one) => one.addEventListener("change", filter));

    // The table sorts by any column: names as names, figures as figures, none last.
    const table = box.querySelector("[data-sortable]");
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const key = (row, column) => {
      const text = row.cells[column].textContent.trim();
      const number = parseFloat(text.replace(/,/g, ""));
      return column < 3 || column === 5 ? text : Number.isNaN(number) ? null : number;
    };
    heads.forEach((head, column) => {
      if (column === heads.length - 1) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const sorted = [...body.rows].sort((a, b) => {
          const [one, two] = [key(a, column), key(b, column)];
          if (one === null || two === null) return (one === null) - (two === null);
          const order = typeof one === "number" ? one - two : one.localeCompare(two);
          return up ? order : -order;
        });
        body.append(...sorted);
      });
    });

    // Another period: dots move along the axis that is there.
    const slider = box.querySelector("[data-slider]");
    const newest = slider && Number(slider.max);
    const sources = new Map(rows.map((row) => [row, row.cells[7].textContent]));
    const notes = new Map(rows.map((row) => [row, row.cells[3].innerHTML]));
    function go(place) {
      const [label, long, when] = series.periods[place];
      slider.setAttribute("aria-valuetext", long);
      box.querySelector("[data-period]").textContent = label;
      box.querySelector("[data-when]").textContent = when;
      box.querySelector("[data-long]").textContent = long;
      let figures = 0;
      for (const row of rows) {
        const area = series.areas[row.dataset.council];
        const value = area?.v[place];
        const cell = row.cells[3];
        const number = typeof value === "number";
        figures += number;
        cell.classList.toggle("none", !number);
        if (place === newest) cell.innerHTML = notes.get(row);
        else cell.textContent = number ? figure(value, series.decimals) : value || "no figure";
        const percent = series.unit === "%" ? "%" : "";
        const places = Math.max(series.decimals, 1);
        row.cells[4].textContent = number && area.l?.[place] != null
          ? `${figure(area.l[place], places)}${percent} to ${figure(area.u[place], places)}${percent}` : "";
        const sign = number && SIGNS[area.s?.[place]];
        row.cells[5].replaceChildren(...(sign ? [signed(sign)] : []));
        row.cells[6].textContent = number && area.q?.[place] > 0 ? area.q[place] : "";
        row.cells[7].textContent = place === newest ? sources.get(row) : "on the council’s page";
      }
      for (const [slug, tile] of tiles) {
        const quintile = Number(series.areas[slug]?.q?.[place]) || 0;
        tile.setAttribute("class", `tile q${quintile}`);
        if (quintile) tile.removeAttribute("fill");
        else tile.setAttribute("fill", `url(#${hatch})`);
        const value = series.areas[slug]?.v[place];
        tile.querySelector("title").textContent = `${councils.get(slug)[1]}: ${typeof value === "number" ? amount(value, series) : value || "no figure"}`;
      }
      for (const limit of box.querySelectorAll("[data-limit]")) {
        limit.textContent = series.limits[place][limit.dataset.limit] || "none";
      }
      if (strip) move(place);
      count.textContent = `${figures} councils have a figure.`;
      filter();
    }
    function signed([kind, glyph, words]) {
      const sign = document.createElement("span");
      sign.className = `sign ${kind}`;
      const shape = document.createElement("span");
      shape.className = "glyph";
      shape.setAttribute("aria-hidden", "true");
      shape.textContent = glyph;
      sign.append(shape, ` ${words || kind}`);
      return sign;
    }
    function move(place) {
      const [left, right, low, high] = series.axis;
      const x = (value) => left + ((value - low) / (high - low)) * (right - left);
      const england = series.areas.england.v[place];
      const rule = strip.querySelector(".of-england");
      if (rule) {
        rule.style.display = typeof england === "number" ? "" : "none";
        if (typeof england === "number") {
          const path = rule.querySelector("path");
          path.setAttribute("d", path.getAttribute("d").replace(/^M[-\d.]+/, `M${x(england).toFixed(1)}`));
          const text = rule.querySelector("text");
          text.setAttribute("x", x(england).toFixed(1));
          const share = (x(england) - left) / (right - left);
          text.setAttribute("text-anchor", share < 0.2 ? "start" : share > 0.8 ? "end" : "middle");
          text.textContent = `England ${amount(england, series)}`;
        }
      }
      const dots = new Map([...strip.querySelectorAll("circle")].map((dot) => [dot.dataset.council, dot]));
      for (const [slug, area] of Object.entries(series.areas)) {
        const region = rows.find((row) => row.dataset.council === slug)?.cells[1].textContent;
        const value = area.v[place];
        let dot = dots.get(slug);
        if (typeof value !== "number" || !(area.y?.[place] >= 0)) {
          dot?.remove();
          continue;
        }
        if (!dot) {
          const label = [...strip.querySelectorAll("text.halo")].find((one) => one.textContent === region);
          if (!label) continue;
          dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
          dot.setAttribute("class", "dot council");
          dot.setAttribute("r", "4");
          dot.dataset.council = slug;
          dot.append(document.createElementNS("http://www.w3.org/2000/svg", "title"));
          label.nextElementSibling.append(dot);
        }
        const ground = Number(dot.parentNode.dataset.ground);
        dot.setAttribute("cx", x(value).toFixed(1));
        dot.setAttribute("cy", ground + SLOTS[Number(area.y[place])]);
        dot.querySelector("title").textContent = `${councils.get(slug)?.[1] || slug}: ${amount(value, series)}`;
      }
    }
    let loading = null;
    slider?.addEventListener("input", () => {
      loading ||= load(`${root}assets/figures/${box.dataset.measure}.js`).then(() => {
        series = window.coreMeasuresFigures[box.dataset.measure].series.find(({ id }) => id === box.dataset.every);
      });
      loading.then(() => go(Number(slider.value)), (error) => { pointed.textContent = `Other years cannot be shown: ${error.message}`; });
    });
    box.querySelector("[data-controls]").hidden = false;
    box.querySelector("[data-controls]").addEventListener("submit", (event) => event.preventDefault());
  }

  document.querySelectorAll("[data-every]").forEach(every);
})();

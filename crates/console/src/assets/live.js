// Keeps an open page up to date, and is not needed to read one: when the site's state has changed, the
// page is fetched again and what lies in [data-live] is put in place of what was there.
"use strict";

(() => {
  const wanted = document.querySelector("[data-live]");
  if (!wanted || !window.EventSource) return;
  let busy = false;
  let again = false;

  const refresh = async () => {
    if (document.hidden) { again = true; return; }
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "error" });
      if (answer.status === 401 || answer.status === 403) { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const other = fresh.getElementById(part.id);
        // What somebody is typing into stays as it is.
        if (!other || part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) continue;
        if (part.innerHTML === other.innerHTML) continue;
        const open = [...part.querySelectorAll("details[open]")].map((one) => one.id);
        const focused = document.activeElement && part.contains(document.activeElement) ? document.activeElement.id : "";
        part.replaceChildren(...other.childNodes);
        for (const id of open) { const one = id && document.getElementById(id); if (one) one.open = true; }
        if (focused) document.getElementById(focused)?.focus();
      }
    } catch { /* the stream says when it is back */ } finally {
      busy = false;
      if (again && !document.hidden) { again = false; setTimeout(refresh, 500); }
    }
  };

  const line = document.getElementById("line");
  const say = (lost) => { if (line) line.hidden = !lost; };
  const news = new EventSource("/live");
  news.addEventListener("change", refresh);
  news.addEventListener("open", () => say(false));
  news.addEventListener("error", () => say(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) { again = false; refresh(); } });
})();

/* theme.js: takes the chosen colours before the first paint, so that nothing flashes. A plain script, no module, since
 * modules run after the page was parsed. Without a choice the system's preference counts (style.css). */
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("bastide.theme");
    if (chosen === "light" || chosen === "dark")
      document.documentElement.dataset.theme = chosen;
  } catch (refused) {
    /* storage is switched off: the system's colours */
  }
})();

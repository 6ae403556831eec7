// What the theme leaves out for keyboards and screen readers.
document.addEventListener("DOMContentLoaded", () => {
  for (const scrolled of document.querySelectorAll("pre, .table-wrapper, .output.text_html")) scrolled.tabIndex = 0;
  for (const caption of document.querySelectorAll("p.caption[role=heading]")) caption.ariaLevel = "2";
  if (!document.querySelector("h1")) {
    const heading = document.createElement("h1");  // of the search page
    heading.textContent = document.title.split(" - ")[0];
    document.getElementById("furo-main-content").prepend(heading);
  }
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "This page");
});

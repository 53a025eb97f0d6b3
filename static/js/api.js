// Shows the description of the API in Swagger UI, where it can be tried out.

const api = document.getElementById("api");
const dark = matchMedia("(prefers-color-scheme: dark)");

function showScheme() {
  const chosen = document.documentElement.dataset.theme;
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : dark.matches);
}

showScheme();
dark.addEventListener("change", showScheme);
SwaggerUIBundle({
  domNode: api,
  url: api.dataset.openapi,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  validatorUrl: null,
  onComplete() {
    // Swagger UI leaves this select without a name.
    document.getElementById("servers")?.setAttribute("aria-label", "Version");
  },
});

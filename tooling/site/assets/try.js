// Swagger UI on the contract, for the server that the reader names.

const form = document.querySelector(".server");
const status = form.querySelector("[role=status]");
const contract = JSON.parse(document.getElementById("contract").textContent);
const own = location.protocol === "file:" ? "http://127.0.0.1:8000" : location.origin;

function served(address) {
  return { ...contract, servers: [{ url: address }] };
}

function say(address) {
  status.textContent =
    address === location.origin
      ? "Requests go to the server that this page came from."
      : `Requests go to ${address}. CORS_ORIGINS of both servers must name each other, as make serve does.`;
}

// Whoever logs in is logged in: the token goes into every later request.
function keepToken(response) {
  const token = response.ok && response.body?.access_token;
  if (token) ui.preauthorizeApiKey("bearerAuth", token);
  return response;
}

function matchScheme(dark) {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

const dark = matchMedia("(prefers-color-scheme: dark)");
matchScheme(dark);
dark.addEventListener("change", matchScheme);

const ui = SwaggerUIBundle({
  spec: served(own),
  domNode: document.getElementById("swagger-ui"),
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  docExpansion: "list",
  responseInterceptor: keepToken,
  tryItOutEnabled: true,
  validatorUrl: null,
});

addEventListener("hashchange", () => ui.layoutActions.parseDeepLinkHash(location.hash));

form.address.value = own;
say(own);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const address = form.address.value.replace(/\/+$/, "");
  ui.specActions.updateJsonSpec(served(address));
  say(address);
});

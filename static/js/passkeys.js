// Passkeys: asks the browser for one, and sends its answer with the form that the button is in.
// Without scripts, or in a browser that knows no passkeys, the button stays hidden.

import { gettext } from "./texts.js";

const TOLD = {
  InvalidStateError: gettext("This device already has a passkey for your account."),
  NotAllowedError: gettext("No passkey was used. You can try again."),
  NotSupportedError: gettext("This device can’t make a passkey for this site."),
  SecurityError: gettext("Passkeys don’t work at this address."),
};

/** Base64 as in URLs (RFC 4648, 5), without padding. */
function encoded(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decoded(text) {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}

const withId = (described) => ({ ...described, id: decoded(described.id) });

/** What the browser is asked for: the options of the site, with bytes in place of Base64. */
function asked(options) {
  const asked = { ...options, challenge: decoded(options.challenge) };
  if (options.user) asked.user = withId(options.user);
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    if (options[name]) asked[name] = options[name].map(withId);
  }
  return asked;
}

/** The answer of the browser, with Base64 in place of bytes. */
function answered(credential) {
  const response = {};
  const names = [
    "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle",
  ];
  for (const name of names) {
    if (credential.response[name]) response[name] = encoded(credential.response[name]);
  }
  if (credential.response.getTransports) {
    response.transports = credential.response.getTransports();
  }
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: encoded(credential.rawId), type, response });
}

async function options(button, form) {
  const answer = await fetch(button.dataset.options, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams({ csrf_token: form.elements.csrf_token.value }),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail);
  return asked(content);
}

async function use(button) {
  const form = button.form;
  const problem = form.querySelector("[data-passkey-problem]");
  problem.textContent = "";
  button.disabled = true;
  try {
    const publicKey = await options(button, form);
    const credential = publicKey.user
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.elements.credential.value = answered(credential);
    if (button.dataset.action) form.action = button.dataset.action;
    form.submit(); // Without the fields that the other way takes.
  } catch (error) {
    problem.textContent = TOLD[error.name] ?? error.message;
    button.disabled = false;
  }
}

if (window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("button[data-options]")) {
    button.hidden = false;
    button.addEventListener("click", () => use(button));
  }
}

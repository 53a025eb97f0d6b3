// Passkeys: asks the browser for one, and sends its response with the form of the button. Without
// scripts, or in a browser that doesn't support passkeys, the button stays hidden.

import { gettext } from "./texts.js";

const MESSAGES = {
  InvalidStateError: gettext("This device already has a passkey for your account."),
  NotAllowedError: gettext("No passkey was used. You can try again."),
  NotSupportedError: gettext("This device can’t make a passkey for this site."),
  SecurityError: gettext("Passkeys don’t work at this address."),
};

/** Encode bytes as Base64 for URLs (RFC 4648, 5), without padding. */
function encodeBase64(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decodeBase64(text) {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}

const decodeId = (descriptor) => ({ ...descriptor, id: decodeBase64(descriptor.id) });

/** Convert the options from the site for the browser: bytes instead of Base64. */
function decodeOptions(options) {
  const decoded = { ...options, challenge: decodeBase64(options.challenge) };
  if (options.user) decoded.user = decodeId(options.user);
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    if (options[name]) decoded[name] = options[name].map(decodeId);
  }
  return decoded;
}

/** Convert the response of the browser for the site: Base64 instead of bytes. */
function encodeCredential(credential) {
  const response = {};
  const names = [
    "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle",
  ];
  for (const name of names) {
    if (credential.response[name]) response[name] = encodeBase64(credential.response[name]);
  }
  if (credential.response.getTransports) {
    response.transports = credential.response.getTransports();
  }
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: encodeBase64(credential.rawId), type, response });
}

async function fetchOptions(button, form) {
  const response = await fetch(button.dataset.options, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams({ csrf_token: form.elements.csrf_token.value }),
  });
  const content = await response.json();
  if (!response.ok) throw new Error(content.detail);
  return decodeOptions(content);
}

async function usePasskey(button) {
  const form = button.form;
  const problem = form.querySelector("[data-passkey-problem]");
  problem.textContent = "";
  button.disabled = true;
  try {
    const publicKey = await fetchOptions(button, form);
    const credential = publicKey.user
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.elements.credential.value = encodeCredential(credential);
    if (button.dataset.action) form.action = button.dataset.action;
    form.submit(); // Without validating the fields for the other method.
  } catch (error) {
    problem.textContent = MESSAGES[error.name] ?? error.message;
    button.disabled = false;
  }
}

if (window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("button[data-options]")) {
    button.hidden = false;
    button.addEventListener("click", () => usePasskey(button));
  }
}

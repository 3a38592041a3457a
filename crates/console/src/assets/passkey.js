// Passkeys: asks the browser for one, and puts what came back into the form, which is then sent like any other.
// Without this script the forms stay hidden, and people log in with their password.
"use strict";

(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const ask = async (form) => {
    const answer = await fetch(form.dataset.options, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "error" });
    const options = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(options.error), { told: options.error });
    options.challenge = bytes(options.challenge);
    if (form.dataset.passkey === "get") return navigator.credentials.get({ publicKey: options });
    options.user.id = bytes(options.user.id);
    for (const one of options.excludeCredentials) one.id = bytes(one.id);
    return navigator.credentials.create({ publicKey: options });
  };

  const fill = (form, given) => {
    const said = given.response;
    const values = { id: text(given.rawId), client: text(said.clientDataJSON), data: text(said.attestationObject || said.authenticatorData) };
    if (said.signature) values.signature = text(said.signature);
    if (said.userHandle) values.handle = text(said.userHandle);
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    // It has done its work, and goes nowhere else.
    if (form.elements.password) form.elements.password.value = "";
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    const place = form.querySelector("[data-said]");
    const button = form.querySelector("button");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      place.textContent = "";
      button.disabled = true;
      try {
        fill(form, await ask(form));
        form.submit();
      } catch (error) {
        place.textContent = error.told || place.dataset.failed;
        button.disabled = false;
      }
    });
  }
})();

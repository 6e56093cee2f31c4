// Runs in the isolation frame, where no other script of the page can reach it.
// Every message of the page passes here before it is sealed, be it a call or a listen: return it, a
// changed one, or a refusal.
"use strict";

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

sallyport.onCall((call) => {
  if (call.command === "notes.save" && privateKey.test(call.args.text)) {
    return sallyport.refuse("a private key does not belong into a note");
  }
  return call;
});

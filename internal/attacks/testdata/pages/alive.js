// A page that is in the middle of a call when its browser dies.
"use strict";

lab.attack("a call that runs", async () => {
  lab.call("slow");
  await lab.sleep(60000);
  return {};
}, { limit: 90000 });

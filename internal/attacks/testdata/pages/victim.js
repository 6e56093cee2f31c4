// The app, in one tab, while another site attacks it from another.
"use strict";

lab.attack("meanwhile", async () => {
  const before = (await lab.call("count")).slice(0, 2);
  for (let i = 0; i < 8 && (await lab.take("evil is done")) !== true; i++);
  return { before, after: (await lab.call("count")).slice(0, 2) };
}, { limit: 60000 });

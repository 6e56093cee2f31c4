// Runs in the isolation frame and sees every call before it is sealed. This one
// lets all of them pass, so that the page shows what the core itself refuses.
"use strict";

sallyport.onCall((call) => call);

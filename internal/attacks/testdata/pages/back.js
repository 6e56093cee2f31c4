// The other site that the page went to. It sends its visitor back.
"use strict";

setTimeout(() => history.back(), 400);

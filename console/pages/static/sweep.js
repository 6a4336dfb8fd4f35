// The page "Sweeps": what a run would come to now, as sources change; the estimate is in submit_estimate.js.
"use strict";

{
  const form = document.getElementById("make-sweep");
  if (form) jobEstimate.follow(form.dataset, () => []);
}

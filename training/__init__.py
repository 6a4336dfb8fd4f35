"""How are detectors made and judged? Data sets, models, fit, metrics, export. Inference never imports it."""

"""Stage `raw`: pictures, annotations and captions in Visual Genome's formats, drawn or taken over."""

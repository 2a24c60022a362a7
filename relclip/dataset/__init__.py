"""Stage `dataset`: Visual Genome's JSON files -> filtered, aligned, split Parquet."""

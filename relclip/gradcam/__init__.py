"""Where CLIP and where RelCLIP look, RelCLIP figure 2: Grad-CAM heat maps of a few test relations.

Files, all of the same K relations in the same order:
heat_clip.npy, heat_relclip.npy: float32 (K, h, w) on the grid of the `features` stage over the whole picture, row 0
    at the top; >= 0, the largest 1 (or all 0 where nothing speaks for the relation), 0 outside the pair's union box.
chosen.json: K times {image_id, file, subject, predicate, object, subject_box, object_box, prompt}; boxes xyxy pixels.
provenance.json: the run, the digest of its model, how the relations were chosen.
"""

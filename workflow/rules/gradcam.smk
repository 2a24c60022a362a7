"""gradcam: where CLIP and where RelCLIP look for a few test relations (figure 2).

In:  data/raw/images, data/dataset, data/clip/model, data/features, data/train/<run>
Out: data/gradcam/<run>/{heat_clip.npy,heat_relclip.npy,chosen.json}
"""


rule gradcam:
    input:
        GRADCAM,


rule gradcam_run:
    input:
        RAW,
        DATASET,
        CLIP,
        maps=lambda wildcards: features(wildcards.seen),
        model=lambda wildcards: stage(f"train/{wildcards.seen}", "model.safetensors", "config.json"),
        code=code("relclip.gradcam"),
    output:
        stage("gradcam/{seen}", "heat_clip.npy", "heat_relclip.npy", "chosen.json", "provenance.json", DIGESTS),
    params:
        sections=sections("gradcam", "clip"),
    log:
        "logs/gradcam/{seen}.log",
    benchmark:
        "logs/benchmarks/gradcam/{seen}.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "{FORKED_CLIP} relclip.gradcam --run {wildcards.seen} --threads {threads} 2>&1 | tee {log}"

"""words: captions -> word vectors -> vectors of the phrases (class, predicate) for RCL's sampling (eq. 7).

In:  data/raw/captions.tsv, the vocabulary
Out: data/words/phrases.safetensors, statistics.json
"""


rule words:
    input:
        captions="data/raw/captions.tsv",
        vocabulary="data/dataset/vocabulary.json",
        vectors=[PARAMS.words.source] if Path(PARAMS.words.source).is_file() else [],
        code=code("relclip.words"),
    output:
        stage("words", "phrases.safetensors", "statistics.json"),
    params:
        sections=sections("words"),
    log:
        "logs/words.log",
    benchmark:
        "logs/benchmarks/words.tsv"
    # seconds, and all trainings wait for it
    priority: 25
    resources:
        **needs(gb=8, hours=4),
    shell:
        "python -m relclip.words --params params.yaml --captions {input.captions}"
        " --vocabulary {input.vocabulary} --output data/words 2>&1 | tee {log}"

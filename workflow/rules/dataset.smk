"""dataset: Visual Genome's files -> the vocabulary's objects and relations, split, as Parquet.

In:  data/raw; the files of names that the section names
Out: data/dataset/{vocabulary.json,images,objects,relations}.parquet, account.json; truth/ where all is known
"""

DATASET_ALIASES = [path for path in (PARAMS.dataset.object_aliases, PARAMS.dataset.predicate_aliases) if path]
_LISTS = [path for path in (PARAMS.dataset.objects, PARAMS.dataset.predicates) if isinstance(path, str)]


rule dataset:
    input:
        RAW,
        names=DATASET_ALIASES + [path for path in _LISTS if Path(path).is_file()],
        code=code("relclip.dataset"),
    output:
        DATASET,
        TRUTH,
        stage("dataset", "account.json", DIGESTS),
    params:
        sections=sections("dataset"),
    log:
        "logs/dataset.log",
    benchmark:
        "logs/benchmarks/dataset.tsv"
    threads: 2
    priority: 25
    resources:
        **needs(gb=8, hours=1),
    shell:
        "python -m relclip.dataset 2>&1 | tee {log}"

"""tables: metrics -> tables 1-6 as CSV, Markdown and LaTeX, the claims, figures, model cards, one page.

In:  data/evaluate, data/claims, data/train (curves), data/predict (examples), data/gradcam, data/dataset, data/kb, data/ext,
     reports/people
Out: reports/tables/*, reports/figures/, reports/model_cards/, reports/index.html; reports/metrics/, reports/plots/
     for DVC. Row names and figures go to the runs in MLflow
"""


rule tables:
    input:
        ALL_METRICS,
        [stage(f"train/{run}", "config.json", "curves.csv", "statistics.json", DIGESTS) for run in RUNS + REFINED],
        [stage(f"predict/{run}", "provenance.json") for run in JUDGED],
        [stage(f"predict/{run}/predcls", *PARTS) for run in PARAMS.report.figures.examples],
        GRADCAM,
        PEOPLE,
        stage("claims", "claims.json", DIGESTS),
        RAW,
        stage("raw", "captions.tsv"),
        DATASET,
        TRUTH,
        stage("dataset", "account.json", DIGESTS),
        [KB_TRIPLETS, stage("kb", "evidence.parquet", "statistics.json", DIGESTS), stage("ext", "statistics.json")] if MINED else [],
        stage("detector", "statistics.json") if SGDET + SGDET_FREE else [],
        stage("clip/model", "statistics.json"),
        code=code("relclip.tables"),
    output:
        report(TABLES[1::3], category="Tables"),
        TABLES[0::3],
        TABLES[2::3],
        "reports/tables/knowledge.csv",
        directory("reports/metrics"),
        "reports/plots/validation.csv",
        directory("reports/figures"),
        directory("reports/model_cards"),
        report(REPORT, category="Report"),
    params:
        sections=sections(
            "report.tables", "report.figures", "raw", "dataset", "labels", "runs", "refined", "train", "predict", "predictions", "evaluate"
        ),
    log:
        "logs/tables.log",
    benchmark:
        "logs/benchmarks/tables.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "python -m relclip.tables 2>&1 | tee {log}"

"""RelCLIP, from pictures and captions to tables. The files below stand in the order the data takes."""

configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/raw.smk"
include: "workflow/rules/dataset.smk"
if MINED:
    include: "workflow/rules/kb.smk"
if PARAMS.word_vectors:
    include: "workflow/rules/words.smk"
include: "workflow/rules/clip.smk"
include: "workflow/rules/features.smk"
if MINED:
    include: "workflow/rules/ext.smk"
include: "workflow/rules/detector.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/gradcam.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/tables.smk"


rule all:
    default_target: True
    input:
        REPORT,
        # every stage's files: what was deleted is made again, though the tables are there
        [rules.raw.output, rules.dataset.output],
        [rules.kb.output, rules.ext.input] if MINED else [],
        rules.words.output if PARAMS.word_vectors else [],
        [rules.detector.output if PARAMS.detector.make else []],
        [rules.clip.input, rules.features.input, rules.train.input],
        [rules.predict.input, rules.gradcam.input, rules.evaluate.input],

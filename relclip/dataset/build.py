"""The stage as one function: read, align, filter, split, write."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from relclip.core.annotations import load_annotations
from relclip.core.atomic import write_json
from relclip.core.digest import made_folder
from relclip.core.errors import InputError, no_file
from relclip.core.forms import load_aliases
from relclip.core.params.dataset import Dataset
from relclip.core.parquet import IMAGES, OBJECTS, RELATIONS, write_table
from relclip.core.vocabulary import FOUND, Vocabulary
from relclip.dataset.account import Account
from relclip.dataset.expected import compare, visual_genome_route
from relclip.dataset.found import make_vocabulary
from relclip.dataset.names import ObjectNames, PredicateWords
from relclip.dataset.objects import ObjectTable
from relclip.dataset.pictures import Picture, read_pictures
from relclip.dataset.relations import RelationTable
from relclip.dataset.split import carve_validation, check_every

TRUTH = Path("truth", "relationships.json")


def make_dataset(params: Dataset, raw: Path, output: Path, *, every_split: bool = False) -> Account:
    """Turn the folder `raw` (Visual Genome's files) into `output` (docs/design.md), whole or not at all.

    Object ids are renumbered 0, 1, ... in each image, in file order, so that they fit the contract's int32.
    An object that stands only in relationships.json is kept like one of objects.json, and noted.
    Raises InputError or ParamsError where a file is missing or broken, or nothing would be left; with `every_split`
    also where train, val or test is left without an image, or all without a relation, which later stages need.
    """
    if params.truth and raw.is_dir() and not (raw / TRUTH).is_file():
        raise InputError(
            f"dataset.truth is true but {raw / TRUTH} {no_file(raw / TRUTH)}; set it to false for this data"
        )
    vocabulary, names, words = _vocabulary(params, raw)
    account = Account(vocabulary.predicates)
    pictures = read_pictures(raw, params.split, account)
    table = ObjectTable(names, account)
    table.read(raw / "objects.json", pictures)
    relations = {"relations": RelationTable(words, params.duplicates == "drop", account, "relations")}
    relations["relations"].read(raw / "relationships.json", pictures, table.add_from_relation)
    listed = [picture.split for picture in pictures.values()]
    related = [picture.related for picture in pictures.values()]
    for picture, name in zip(pictures.values(), carve_validation(listed, related, params.split), strict=True):
        picture.split = name
    if params.truth:
        relations["truth"] = RelationTable(words, params.duplicates == "drop", account, "truth")
        relations["truth"].read(raw / TRUTH, pictures, None)
    images, objects = _images(pictures, account), table.table()
    tables = {section: relation.table() for section, relation in relations.items()}
    if every_split:
        check_every(images["split"].to_pylist())
        _check_related(tables["relations"], account)
    account.tally(images, objects, tables)
    with made_folder(output) as folder:
        _write(folder, vocabulary, images, objects, tables["relations"])
        if route := visual_genome_route(raw, vocabulary):
            account.expected = compare(route, listed, load_annotations(folder))
        if params.truth:
            _write(folder / "truth", vocabulary, images, objects, tables["truth"])
        write_json(folder / "account.json", account.summary())
    return account


def _vocabulary(params: Dataset, raw: Path) -> tuple[Vocabulary, ObjectNames, PredicateWords]:
    """The classes and predicates, and what reads the annotators' words as one of them."""
    object_aliases = load_aliases(params.object_aliases, to_the_end=params.objects == FOUND)
    predicate_aliases = load_aliases(params.predicate_aliases, to_the_end=params.predicates == FOUND)
    vocabulary = make_vocabulary(params, raw, object_aliases, predicate_aliases)
    # what was found is what annotators write, tidied; an exact match knows no other
    if params.predicates == FOUND:
        predicate_aliases = {name: name for name in vocabulary.predicates} | predicate_aliases
    names = ObjectNames(vocabulary.objects, object_aliases, params.object_match)
    return vocabulary, names, PredicateWords(vocabulary.predicates, predicate_aliases, params.predicate_match)


def _check_related(relations: pa.Table, account: Account) -> None:
    if not relations.num_rows:
        raise InputError(
            f"no relation is left: {account.why('relations')}; compare dataset.predicates and dataset.objects with "
            f"what the data say{account.outside('predicates')}"
        )


def _images(pictures: Mapping[int, Picture], account: Account) -> pa.Table:
    kept = [picture for picture in pictures.values() if picture.kept]
    for picture in pictures.values():
        if not picture.kept:
            account.drop("images", "no object of the vocabulary", str(picture.image_id))
    if not kept:
        raise InputError(
            f"no image is left: {account.why('images')} (of objects: {account.why('objects')}); compare the files with "
            "Visual Genome's formats"
        )
    return pa.table({name: [getattr(picture, name) for picture in kept] for name in IMAGES.names}, IMAGES)


def _write(
    folder: Path, vocabulary: Vocabulary, images: pa.Table, objects: pa.Table, relations: pa.Table
) -> None:
    vocabulary.save(folder / "vocabulary.json")
    write_table(folder / "images.parquet", images, IMAGES)
    write_table(folder / "objects.parquet", objects, OBJECTS)
    write_table(folder / "relations.parquet", relations, RELATIONS)

"""Which lines does a JSON schema refuse?  schema.py SCHEMA [DEFINITION] <LINES

An independent reader: python3-jsonschema, not the program that wrote the lines. Prints one JSON array:
null for a line that fits, else what is wrong with it."""
import json
import sys

from jsonschema import Draft202012Validator

schema = json.load(open(sys.argv[1], encoding="utf-8"))
Draft202012Validator.check_schema(schema)
if len(sys.argv) > 2:
    schema = {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#/$defs/{sys.argv[2]}"}
validator = Draft202012Validator(schema)
wrong = []
for line in sys.stdin:
    error = next(validator.iter_errors(json.loads(line)), None)
    wrong.append(None if error is None else f"{line.strip()}: {error.message}")
print(json.dumps(wrong))

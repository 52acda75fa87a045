#!/usr/bin/python3
"""Writes a text file as a C string constant, named after the file: 001.sql becomes sql_001."""
import os
import sys

source, target = sys.argv[1:]
stem, ext = os.path.splitext(os.path.basename(source))
name = ext[1:] + "_" + stem.replace("-", "_")
data = open(source, "rb").read() + b"\0"
with open(target, "w") as out:
    out.write(f"static const char {name}[] = {{\n")
    for i in range(0, len(data), 16):
        out.write("\t" + ", ".join(str(b) for b in data[i : i + 16]) + ",\n")
    out.write("};\n")

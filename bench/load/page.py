"""The page of last results: a generated part between two marks, all else written by hand. Standard library only."""
import harness

BEGIN = "<!-- From here to the next mark `./dev bench load` writes; what is changed by hand here is lost. -->"
END = "<!-- End of what `./dev bench load` writes. -->"


def update(path, lines):
    """Replaces what is between the marks."""
    text = path.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise harness.Failed(f"{path} lacks the two marks between which the results belong: put them back as\n{BEGIN}\n{END}")
    head, rest = text.split(BEGIN)
    path.write_text(head + BEGIN + "\n\n" + "\n".join(lines).rstrip("\n") + "\n\n" + END + rest.split(END)[1])

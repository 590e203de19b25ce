"""The page of last results: a generated part of each task between two marks, all else written by hand. Standard library
only."""
import harness


def marks(task):
    return (f"<!-- From here to the next mark `./dev bench {task}` writes; what is changed by hand here is lost. -->",
            f"<!-- End of what `./dev bench {task}` writes. -->")


BEGIN, END = marks("load")


def update(path, lines, task="load"):
    """Replaces what is between the task's marks."""
    begin, end = marks(task)
    text = path.read_text()
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise harness.Failed(f"{path} lacks the two marks between which the results belong: put them back as\n{begin}\n{end}")
    head, rest = text.split(begin)
    path.write_text(head + begin + "\n\n" + "\n".join(lines).rstrip("\n") + "\n\n" + end + rest.split(end)[1])

"""Small datasets as they are published, loaded."""

from da_jax import data


def load(data_dir, dataset, source, target):
  return data.load_task(
    dataset, data_dir=data_dir, source=source, target=target, image_size=8
  )


def column(lines, name):
  head = lines[1].split()
  rows = (line.split(maxsplit=3) for line in lines[2:])
  return {row[0]: row[head.index(name)] for row in rows}

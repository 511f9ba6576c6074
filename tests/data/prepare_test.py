import functools
import hashlib
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
import io
import re
import subprocess
import sys
import tarfile
import threading
import zipfile

from PIL import Image
import pytest

from da_jax import data
from da_jax.data import prepare
from da_jax.data.obtain import acquire
from da_jax.data.obtain.download import Remote
from da_jax.data.published import pacs
from da_jax.data.published.record import File
from da_jax.errors import UserError

NAMES = pacs.PUBLISHED.class_names


class _Quiet(SimpleHTTPRequestHandler):
  def log_message(self, *args):
    pass


@pytest.fixture
def server(tmp_path):
  """Folder and URL of a server; it counts what is asked for."""
  folder, asked = tmp_path / 'www', []
  folder.mkdir()

  class Handler(_Quiet):
    def do_GET(self):
      asked.append(self.path)
      super().do_GET()

  handler = functools.partial(Handler, directory=folder)
  with ThreadingHTTPServer(('127.0.0.1', 0), handler) as httpd:
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield folder, f'http://127.0.0.1:{httpd.server_port}', asked
    httpd.shutdown()
    thread.join()


def _png(shade):
  stream = io.BytesIO()
  Image.new('RGB', (8, 8), (shade, 0, 0)).save(stream, 'PNG')
  return stream.getvalue()


def _archive(folder, domain, top='', names=NAMES):
  path = folder / f'{domain}.tar.gz'
  with tarfile.open(path, 'w:gz') as file:
    for label, name in enumerate(names):
      info = tarfile.TarInfo(f'{top}{name}/0.png')
      content = _png(label)
      info.size = len(content)
      file.addfile(info, io.BytesIO(content))
  return path


@pytest.fixture
def remote(server):
  """PACS of two domains whose archives the server has."""
  folder, url, _ = server
  files = []
  for domain in ('photo', 'sketch'):
    digest = hashlib.md5(
      _archive(folder, domain, f'{domain}/').read_bytes()
    ).hexdigest()
    name = f'{domain}.tar.gz'
    mirrors = (f'{url}/gone/{name}', f'{url}/{name}')
    files.append(
      File(Remote(name, mirrors, f'md5:{digest}'), domain, (domain,))
    )
  return pacs.PUBLISHED._replace(files=tuple(files))


def test_what_is_missing_is_downloaded_and_prepared(tmp_path, server, remote):
  lines = prepare.prepare(remote, tmp_path / 'data', ('photo', 'sketch'))
  assert lines == [
    f'pacs in {tmp_path}/data/pacs',
    'domain  found  published  difference',
    'photo   7      1670       -1663',
    'sketch  7      3929       -3922',
  ]
  task = data.load_task(
    'pacs',
    data_dir=tmp_path / 'data',
    source='photo',
    target='sketch',
    image_size=8,
  )
  assert task.target.examples.x[:, 0, 0, 0].tolist() == list(range(7))
  asked = server[2][:]
  prepare.prepare(remote, tmp_path / 'data', ('photo', 'sketch'))
  assert server[2] == asked


def test_what_the_user_put_there_is_not_downloaded(
  tmp_path, server, remote, write_tree
):
  write_tree(tmp_path / 'data' / 'PACS' / 'photo', NAMES, per_class=3)
  lines = prepare.prepare(remote, tmp_path / 'data', ('photo', 'sketch'))
  assert lines[2].split() == ['photo', '21', '1670', '-1649']
  assert lines[3].split() == ['sketch', '7', '3929', '-3922']
  assert not any('photo' in path for path in server[2])


def test_only_the_domains_that_are_wanted_are_downloaded(
  tmp_path, server, remote
):
  prepare.prepare(remote, tmp_path, ('photo',))
  assert not (tmp_path / 'pacs' / 'sketch').exists()
  assert not any('sketch' in path for path in server[2])


def test_a_list_is_put_beside_the_images(tmp_path, server, remote):
  folder, url, _ = server
  (folder / 'photo.txt').write_text('a list')
  files = (File(Remote('photo.txt', (f'{url}/photo.txt',)), None),)
  acquire.acquire(remote._replace(files=files), tmp_path / 'data', ('photo',))
  path = tmp_path / 'data' / 'pacs' / 'photo.txt'
  assert path.read_text() == 'a list'


def test_a_damaged_archive_is_not_taken_for_data(tmp_path, server, remote):
  (server[0] / 'photo.tar.gz').write_bytes(b'not what was published')
  with pytest.raises(UserError, match=r'photo\.tar\.gz could not be.*md5'):
    prepare.prepare(remote, tmp_path / 'data', ('photo',))
  assert not (tmp_path / 'data' / 'pacs' / 'photo').exists()


def test_a_half_finished_extraction_is_not_taken_for_finished(
  tmp_path, remote, monkeypatch
):
  open_ = tarfile.TarFile.extract
  done = []

  def interrupted(self, member, *args, **kwargs):
    if len(done) == 3:
      raise KeyboardInterrupt
    done.append(member)
    return open_(self, member, *args, **kwargs)

  monkeypatch.setattr(tarfile.TarFile, 'extract', interrupted)
  with pytest.raises(KeyboardInterrupt):
    prepare.prepare(remote, tmp_path, ('photo',))
  assert len(done) == 3
  monkeypatch.undo()
  monkeypatch.setenv('DA_JAX_CACHE', str(tmp_path / 'cache'))
  lines = prepare.prepare(remote, tmp_path, ('photo',))
  assert lines[2].split()[:2] == ['photo', '7']


@pytest.mark.parametrize('moved', [False, True])
def test_unpacking_that_was_killed_at_the_end_goes_on(tmp_path, moved):
  archive = _archive(tmp_path, 'photo', 'photo/')
  acquire.unpack(archive, tmp_path / 'once' / 'photo')
  folder = tmp_path / 'twice' / 'photo'
  left = folder.with_name('.photo.unpacked')
  (left / 'photo').mkdir(parents=True)
  for name in NAMES:
    (left / 'photo' / name).mkdir()
  if moved:
    (left / 'photo').rename(folder)
  else:
    acquire.unpack(archive, folder)
  assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)


def test_an_archive_without_a_folder_of_its_own_is_unpacked(tmp_path):
  path = tmp_path / 'photo.zip'
  with zipfile.ZipFile(path, 'w') as file:
    for name in NAMES:
      file.writestr(f'{name}/0.png', _png(0))
  acquire.unpack(path, tmp_path / 'pacs' / 'photo')
  found = sorted(path.name for path in (tmp_path / 'pacs/photo').iterdir())
  assert found == sorted(NAMES)


def test_an_archive_of_the_wrong_classes_is_named(tmp_path, server, remote):
  path = _archive(server[0], 'photo', 'photo/', (*NAMES[:-1], 'people'))
  file = remote.files[0]
  checksum = f'md5:{hashlib.md5(path.read_bytes()).hexdigest()}'
  files = (file._replace(remote=file.remote._replace(checksum=checksum)),)
  with pytest.raises(UserError, match='photo: missing class folders person;'):
    prepare.prepare(remote._replace(files=files), tmp_path, ('photo',))


def test_a_folder_of_something_else_is_named(tmp_path, remote):
  (tmp_path / 'pacs' / 'photo').mkdir(parents=True)
  with pytest.raises(UserError, match='pacs/photo has no class folders'):
    prepare.prepare(remote, tmp_path, ('photo',))
  files = (remote.files[0]._replace(folder='.'),)
  (tmp_path / 'pacs' / 'photo').rmdir()
  with pytest.raises(UserError, match=r'tmp.*pacs holds none of photo'):
    prepare.prepare(remote._replace(files=files), tmp_path, ('photo',))


def _run(*args):
  command = [sys.executable, '-m', 'da_jax.data.prepare', *args]
  return subprocess.run(command, capture_output=True, text=True)


def test_the_command_prints_a_table_and_the_citation(tmp_path, write_tree):
  for domain in pacs.DOMAINS:
    write_tree(tmp_path / domain, NAMES, per_class=1)
  run = _run('pacs', f'--data_dir={tmp_path}')
  assert run.returncode == 0
  lines = run.stdout.splitlines()
  assert lines[0] == f'pacs in {tmp_path}'
  assert lines[2].split() == ['art_painting', '7', '2048', '-2041']
  assert pacs.PUBLISHED.homepage in lines
  assert pacs.PUBLISHED.citation in run.stdout


def test_the_list_of_datasets():
  run = _run('--list')
  assert run.returncode == 0
  lines = [line.split(maxsplit=2) for line in run.stdout.splitlines()]
  assert lines[0] == ['dataset', 'files', 'examples']
  assert ['pacs', 'downloaded'] in [line[:2] for line in lines]
  assert [
    'visda2017',
    'downloaded',
    'synthetic 152397, real 55388',
  ] in lines
  by_hand = next(line for line in run.stdout.splitlines() if 'by hand' in line)
  assert by_hand.startswith('image_clef')


@pytest.mark.parametrize(
  ('args', 'culprit'),
  [
    ((), 'name one dataset'),
    (('office',), "no published dataset 'office': choose from office31"),
    (('pacs', '--domains=clipart'), "pacs has no domain 'clipart'"),
    (('pacs', '--datadir=x'), 'datadir'),
    (
      ('image_clef',),
      r'by hand: from https://www\.imageclef.*List\.txt.*nowhere/image_clef',
    ),
  ],
)
def test_wrong_use_is_named_in_one_line(tmp_path, args, culprit):
  if args == ('image_clef',):
    args = (*args, f'--data_dir={tmp_path}/nowhere')
  run = _run(*args)
  assert run.returncode == 2
  assert run.stdout == ''
  (line,) = run.stderr.splitlines()
  assert line.startswith('prepare: ')
  assert re.search(culprit, line)

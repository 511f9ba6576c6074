"""Chromium without a window, driven over a pipe: no package, no open port.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
from collections.abc import Iterator
import contextlib
import itertools
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
from typing import Any

_NAMES = ('chromium', 'chromium-browser', 'google-chrome')
_PATIENCE = 60  # seconds
_FLAGS = (
  '--headless',
  '--no-sandbox',  # else not as root
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--hide-scrollbars',
  '--remote-debugging-pipe',  # reads file 3, writes file 4
)
# Not by preexec_fn, which may hang where JAX has threads.
_START = (
  'import os, sys; a, b = map(int, sys.argv[1:3]);'
  'os.dup2(a, 3); os.dup2(b, 4); os.execv(sys.argv[3], sys.argv[3:])'
)
# Elements that stick out of the window and out of no box that scrolls, and
# words that their own box cuts off or lets run into the next. What is folded
# up is opened.
# The width is given: a phone's window grows with what does not fit.
_MISFITS = """((width) => {
  const scrolls = (e) => e && (
    ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) ||
    scrolls(e.parentElement));
  const found = [];
  for (const e of document.querySelectorAll('details')) e.open = true;
  if (document.documentElement.scrollWidth > width)
    found.push('the page is ' + document.documentElement.scrollWidth + ' wide');
  for (const e of document.body.querySelectorAll('*')) {
    const box = e.getBoundingClientRect();
    const name = e.tagName + ' ' + e.textContent.trim().slice(0, 40);
    if (box.right > width + 1 && !scrolls(e.parentElement))
      found.push(name + ' ends at ' + Math.round(box.right));
    if (['TD', 'TH'].includes(e.tagName) && e.scrollWidth > e.offsetWidth + 1)
      found.push(name + ' is too narrow');
    if (getComputedStyle(e).overflowX == 'hidden' &&
        e.scrollWidth > e.clientWidth + 1)
      found.push(name + ' is cut off');
  }
  for (const e of document.images)
    if (!e.complete || !e.naturalWidth) found.push(e.alt + ' is not drawn');
  return found;
})(%d)"""


def find() -> str | None:
  """The path of a browser that can be driven, if there is one."""
  return next(filter(None, map(shutil.which, _NAMES)), None)


class Tab:
  """One page at a time; tells what the page said and asked for."""

  def __init__(self, commands: int, answers: int):
    self._commands, self._answers = commands, answers
    self._unread = b''
    self._numbers = itertools.count(1)
    self._session = {}
    self._events = []
    self._width = 0
    target = self._ask('Target.createTarget', url='about:blank')['targetId']
    answer = self._ask('Target.attachToTarget', targetId=target, flatten=True)
    self._session = {'sessionId': answer['sessionId']}
    for domain in ('Page', 'Runtime', 'Log', 'Network'):
      self._ask(f'{domain}.enable')

  def open(self, page: pathlib.Path, width: int, height: int = 844) -> None:
    """Loads a page in a window of so many CSS pixels."""
    self._ask(
      'Emulation.setDeviceMetricsOverride',
      width=width,
      height=height,
      deviceScaleFactor=1,
      mobile=width < 600,
    )
    self._events.clear()
    self._width = width
    self._ask('Page.navigate', url=page.resolve().as_uri())
    while not any(e['method'] == 'Page.loadEventFired' for e in self._events):
      self._events.append(self._read())
    self.evaluate('document.fonts.ready.then(() => 0)')

  def evaluate(self, expression: str) -> Any:
    """The value of JavaScript, which the page itself does not see."""
    answer = self._ask(
      'Runtime.evaluate',
      expression=expression,
      awaitPromise=True,
      returnByValue=True,
    )
    assert 'exceptionDetails' not in answer, answer
    return answer['result'].get('value')

  def misfits(self) -> list[str]:
    """What does not fit the width of the window, or is not drawn."""
    return self.evaluate(_MISFITS % self._width)

  def complaints(self) -> list[str]:
    """Messages on the console and errors since the page was opened."""
    kinds = (
      'Log.entryAdded',
      'Runtime.consoleAPICalled',
      'Runtime.exceptionThrown',
    )
    return [
      json.dumps(event['params'])
      for event in self._events
      if event['method'] in kinds
    ]

  def requests(self) -> list[str]:
    """Addresses that the page asked for, what it holds itself left out."""
    urls = [
      event['params']['request']['url']
      for event in self._events
      if event['method'] == 'Network.requestWillBeSent'
    ]
    return [url for url in urls if not url.startswith('data:')]

  def screenshot(self, path: pathlib.Path) -> None:
    """Saves the whole page as PNG."""
    answer = self._ask('Page.captureScreenshot', captureBeyondViewport=True)
    path.write_bytes(base64.b64decode(answer['data']))

  def _ask(self, method: str, **params) -> dict[str, Any]:
    """Sends a command; keeps the events that come before its answer."""
    number = next(self._numbers)
    message = {'id': number, 'method': method, 'params': params}
    text = json.dumps(message | self._session).encode() + b'\0'
    while text:
      text = text[os.write(self._commands, text) :]
    while (answer := self._read()).get('id') != number:
      self._events.append(answer)
    assert 'error' not in answer, answer
    return answer['result']

  def _read(self) -> dict[str, Any]:
    parts = [self._unread]
    while b'\0' not in parts[-1]:
      ready, _, _ = select.select([self._answers], [], [], _PATIENCE)
      assert ready, f'the browser said nothing for {_PATIENCE} seconds'
      parts.append(os.read(self._answers, 1 << 20))
      assert parts[-1], 'the browser is gone'
    message, self._unread = b''.join(parts).split(b'\0', 1)
    return json.loads(message)


@contextlib.contextmanager
def started(path: str) -> Iterator[Tab]:
  """Runs a browser with a fresh profile.

  Args:
    path: from `find`.

  Yields:
    Its tab.
  """
  with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    theirs_in, commands = os.pipe()
    answers, theirs_out = os.pipe()
    process = subprocess.Popen(
      [
        *(sys.executable, '-c', _START, str(theirs_in), str(theirs_out)),
        *(path, *_FLAGS, f'--user-data-dir={profile}'),
      ],
      pass_fds=(theirs_in, theirs_out),
      stdout=subprocess.DEVNULL,
      stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
      yield Tab(commands, answers)
    finally:
      os.close(commands)  # upon which it ends
      os.close(answers)
      try:
        process.wait(10)
      except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""A passkey provider in software, for tests of what the site takes and what it refuses; a real browser's is in
test_passkeys_browser.py."""

import json
import secrets
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

FLAG = AuthenticatorData.FLAG
PRESENT_AND_VERIFIED = FLAG.UP | FLAG.UV


class Authenticator:
    """One passkey. What it says wrongly is given as keyword arguments of `make` and `sign`."""

    def __init__(self, origin):
        self.origin, self.key = origin, ec.generate_private_key(ec.SECP256R1())
        self.id, self.counter, self.handle = secrets.token_bytes(32), 0, b''

    def make(self, options, flags=PRESENT_AND_VERIFIED, **wrong):
        """The reply to creation options, as a browser's toJSON() writes it."""
        self.handle = websafe_decode(options['user']['id'])
        public = wrong.get('public') or ES256.from_cryptography_key(self.key.public_key())
        credential = AttestedCredentialData.create(bytes(16), wrong.get('id', self.id), public)
        data = AuthenticatorData.create(self._rp(options['rp']['id'], wrong), flags | FLAG.AT, self.counter, credential)
        return self._reply(wrong, clientDataJSON=self._client('webauthn.create', options, wrong),
                           attestationObject=AttestationObject.create('none', data, {}))

    def sign(self, options, flags=PRESENT_AND_VERIFIED, **wrong):
        """The reply to request options."""
        data = AuthenticatorData.create(self._rp(options['rpId'], wrong), flags, self.counter)
        client = self._client('webauthn.get', options, wrong)
        signed = wrong.get('signed', data + sha256(client).digest())
        key = wrong.get('key', self.key)
        return self._reply(wrong, clientDataJSON=client, authenticatorData=data,
                           signature=key.sign(signed, ec.ECDSA(hashes.SHA256())),
                           userHandle=wrong.get('handle', self.handle))

    @staticmethod
    def _rp(rp_id, wrong):
        return sha256(wrong.get('rp_id', rp_id).encode()).digest()

    def _client(self, kind, options, wrong):
        challenge = wrong.get('challenge', websafe_decode(options['challenge']))
        return CollectedClientData.create(wrong.get('type', kind), challenge, wrong.get('origin', self.origin),
                                          wrong.get('cross_origin', False))

    def _reply(self, wrong, **response):
        coded = websafe_encode(wrong.get('id', self.id))
        return json.loads(json.dumps({
            'id': coded, 'rawId': coded, 'type': 'public-key', 'clientExtensionResults': {},
            'response': {name: websafe_encode(value) for name, value in response.items()}}))

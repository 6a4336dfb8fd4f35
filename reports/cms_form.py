"""The one form in which signatures and time stamps are written here, so that every changed byte is found.

A signature covers what is signed and when, not the container around it: versions, status, copies of
certificates. They are therefore written in one way, and what stands there is compared with that; each
certificate must be signed by another one, by itself, or by a trusted root.
"""

import logging
from collections.abc import Sequence

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation.errors import SignatureValidationError

# what asn1crypto and pyHanko raise over bytes that are no stamp
MALFORMED = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError),
    *(SignatureValidationError, SigningError, InvalidSignature, UnsupportedAlgorithm),
    x509.InvalidVersion,
)
# they log, with tracebacks, what they also return: which signature does not hold
for _name in ("pyhanko.sign.validation", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)
_PARAMETERS_MATTER = "rsassa_pss"
_STAMPED = "tst_info"


def response_in_our_form(response: tsp.TimeStampResp) -> bytes:
    """Return a granted response with everything left out that no signature covers.

    Raises:
        ValueError, KeyError, TypeError: it is no granted response with one signature.
    """
    token = in_our_form(response["time_stamp_token"]["content"])
    again = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
    written: bytes = again.dump()
    return written


def in_our_form(signed: cms.SignedData) -> cms.ContentInfo:
    """Return signed data with everything left out that its one signature does not cover.

    Raises:
        ValueError, KeyError, TypeError: there is no one signature with its certificate.
    """
    [signer] = signed["signer_infos"]
    certificates = sorted((choice.chosen for choice in signed["certificates"]), key=_der)
    [own] = [one for one in certificates if _is_named(signer["sid"], one)]
    digest = cms.DigestAlgorithm({"algorithm": signer["digest_algorithm"]["algorithm"].native})
    sid = cms.IssuerAndSerialNumber({"issuer": own.issuer, "serial_number": own.serial_number})
    encapsulated = signed["encap_content_info"]
    is_stamp = encapsulated["content_type"].native == _STAMPED
    content = cms.SignedData(
        {
            "version": "v3" if is_stamp else "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {
                "content_type": _STAMPED,
                "content": core.ParsableOctetString(bytes(encapsulated["content"])),
            }
            if is_stamp
            else {"content_type": "data"},
            "certificates": [cms.CertificateChoices("certificate", one) for one in certificates],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": cms.SignerIdentifier("issuer_and_serial_number", sid),
                    "digest_algorithm": digest,
                    "signed_attrs": signer["signed_attrs"],
                    "signature_algorithm": _signature_algorithm(signer["signature_algorithm"]),
                    "signature": signer["signature"].native,
                }
            ],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": content})


def certificates_hold(
    certificates: Sequence[asn1_x509.Certificate], roots: Sequence[asn1_x509.Certificate]
) -> bool:
    """Tell whether each certificate is signed by another one, by itself, or by a root.

    Where neither the root came along nor is one of ours, the last one's issuer is nowhere: it cannot
    be checked, and is no reason to doubt.
    """
    if any(one["signature_value"].contents[:1] != b"\0" for one in certificates):
        return False  # a count of unused bits, which no signature covers
    given = [x509.load_der_x509_certificate(one.dump()) for one in certificates]
    above = {one.issuer.dump() for one in certificates}
    issuers = given + [
        x509.load_der_x509_certificate(root.dump())
        for root in roots
        if root.subject.dump() in above
    ]
    has_root = any(issuer.subject == issuer.issuer for issuer in issuers)
    loose = [one for one in given if not any(_is_issued_by(one, issuer) for issuer in issuers)]
    return len(loose) <= (0 if has_root else 1)


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_named(sid: cms.SignerIdentifier, certificate: asn1_x509.Certificate) -> bool:
    chosen = sid.chosen
    if sid.name != "issuer_and_serial_number":
        return bool(chosen.native == certificate.key_identifier)
    return bool(
        chosen["issuer"] == certificate.issuer
        and chosen["serial_number"].native == certificate.serial_number
    )


def _signature_algorithm(found: cms.SignedDigestAlgorithm) -> cms.SignedDigestAlgorithm:
    name = found["algorithm"].native
    if name == _PARAMETERS_MATTER:
        return found
    return cms.SignedDigestAlgorithm({"algorithm": name})


def _der(certificate: asn1_x509.Certificate) -> bytes:
    return bytes(certificate.dump())

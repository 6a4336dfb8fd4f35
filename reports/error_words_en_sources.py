"""What the error codes of listing and fetching mean, in English: what a source refuses or lacks."""

from collections.abc import Mapping
from typing import Final

from reports.error_words import ErrorWords

SOURCE_ERRORS: Final[Mapping[str, ErrorWords]] = {
    "access_denied": ErrorWords(
        "The source refused access.",
        "Give the account or the key the right to read the source.",
    ),
    "age_restricted": ErrorWords(
        "The site shows the medium only to accounts of a proven age.",
        "Submit the file itself, or the address with --cookies of an account that sees it.",
    ),
    "archive_bomb": ErrorWords(
        "The archive's member would unpack to far more than any recording does.",
        "Unpack it by hand and submit the recording, if it is one.",
    ),
    "archive_corrupt": ErrorWords(
        "The archive is damaged, or reading it took too long.",
        "Fetch or make the archive again, or unpack it and submit what it holds.",
    ),
    "archive_locked": ErrorWords(
        "The archive is encrypted.",
        "Unpack it with its password and submit what it holds.",
    ),
    "archive_too_large": ErrorWords(
        "The archive has more members than are opened.",
        "Unpack it and submit the folder.",
    ),
    "archive_unsupported": ErrorWords(
        "The archive is not a zip or tar file, or uses a method that is not known.",
        "Unpack it and submit what it holds.",
    ),
    "bot_wall": ErrorWords(
        "The site asks for a check that a person is asking.",
        "Wait: the host is left alone for some hours. Or submit the file itself.",
    ),
    "bucket_not_found": ErrorWords(
        "The bucket does not exist.",
        "Check the name of the bucket and its region.",
    ),
    "cookies_malformed": ErrorWords(
        "The cookies are not in the form of a cookies.txt.",
        "Export them again as cookies.txt (Netscape's form), with the site's cookies alone.",
    ),
    "credentials_wrong": ErrorWords(
        "The credentials for the source are wrong.",
        "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
    ),
    "drm_protected": ErrorWords(
        "The medium is encrypted (DRM) and cannot be analysed.",
        "Submit a recording without encryption.",
    ),
    "egress_refused": ErrorWords(
        "The address is refused: only public web servers are fetched from.",
        "Submit a public address; an operator can allow one with VERITY_FETCH_ALLOW.",
    ),
    "event_malformed": ErrorWords(
        "The notification of a bucket does not name its object.",
        "Check that the bucket's notifications come whole, in S3's or EventBridge's form.",
    ),
    "feed_malformed": ErrorWords(
        "The address leads to no feed that can be read.",
        "Check that the address is the feed's own (RSS or Atom), and that it opens in a browser.",
    ),
    "fetch_failed": ErrorWords(
        "The item could not be fetched.",
        "Nothing: it is tried again a few times; afterwards check the address and retry the item.",
    ),
    "fetch_too_slow": ErrorWords(
        "The medium came too slowly to be fetched.",
        "Retry the item later, or submit the file itself.",
    ),
    "file_vanished": ErrorWords(
        "The file was there and is gone.",
        "Put the file back and submit it again.",
    ),
    "geo_blocked": ErrorWords(
        "The medium is not shown in the country from which it was asked for.",
        "Submit the file itself.",
    ),
    "hash_differs": ErrorWords(
        "The file does not have the SHA-256 that was named.",
        "Compare the hash with the one that the project publishes; fetch the file again.",
    ),
    "host_not_found": ErrorWords(
        "There is no host of this name.",
        "Check the address for typing errors.",
    ),
    "keys_malformed": ErrorWords(
        "The keys of the connection do not have the right form.",
        "Write a JSON object with access_key, secret_key and perhaps session_token.",
    ),
    "link_invalid": ErrorWords(
        "The address cannot be asked for.",
        "Check the address for typing errors.",
    ),
    "link_is_a_page": ErrorWords(
        "The address leads to a web page, not to a recording.",
        "Submit the page's address as a source, or the medium's own address.",
    ),
    "link_refused": ErrorWords(
        "The address is not one that may be fetched.",
        "Check that the address opens in a browser without a login.",
    ),
    "list_malformed": ErrorWords(
        "The list cannot be read.",
        "Correct the line that the message names and submit the list again.",
    ),
    "list_too_deep": ErrorWords(
        "Lists name lists that name lists.",
        "Submit the inner lists themselves.",
    ),
    "list_too_long": ErrorWords(
        "The list names more than is taken at once.",
        "Split the list.",
    ),
    "live": ErrorWords(
        "The medium is a live stream that is still running.",
        "Submit it again when the stream has ended, or record a part: --live-minutes.",
    ),
    "local_not_allowed": ErrorWords(
        "Paths of this machine are taken from the command line only.",
        "Submit it from the command line of that machine, or submit an address.",
    ),
    "login_required": ErrorWords(
        "The site shows the medium only to people who are logged in.",
        "Submit the file itself, or the address with --cookies of an account that sees it.",
    ),
    "medium_larger_than_disk": ErrorWords(
        "The medium is larger than this machine's disk.",
        "Set VERITY_TEMP to a folder on a larger disk, or cut the medium, and submit it again.",
    ),
    "members_only": ErrorWords(
        "The medium is for paying members only.",
        "Submit the file itself, or the address with --cookies of an account that sees it.",
    ),
    "no_connection": ErrorWords(
        "No connection of the account leads to the bucket.",
        "Ask an operator to bind the bucket: verity connection add.",
    ),
    "no_credentials": ErrorWords(
        "There are no credentials for the source.",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    ),
    "no_media": ErrorWords(
        "No audio or video was found at the address.",
        "Check the address, or submit the address of the medium itself.",
    ),
    "no_room_for_medium": ErrorWords(
        "The medium needs more room than the disk has left.",
        "Make room, or set VERITY_TEMP to a folder on a larger disk; it is tried again a few times.",
    ),
    "not_a_file": ErrorWords(
        "The path is not a file.",
        "Name a regular file or a folder.",
    ),
    "not_found": ErrorWords(
        "There is nothing at the address.",
        "Check the address; the medium may have moved.",
    ),
    "not_live": ErrorWords(
        "Nothing is being broadcast at the address.",
        "Submit it again while it runs and has a recording.",
    ),
    "object_archived": ErrorWords(
        "The object lies in an archive and must be restored first.",
        "Restore the object from its archive class, then retry the item.",
    ),
    "object_vanished": ErrorWords(
        "The object was deleted or moved after it was listed.",
        "List the source again: submit it anew.",
    ),
    "operator_only": ErrorWords(
        "The option is for the operator's command line only.",
        "Ask an operator to submit the job, or leave the option out.",
    ),
    "password_in_url": ErrorWords(
        "The address holds a password, which would be shown in reports.",
        "Submit the address without it.",
    ),
    "premiere": ErrorWords(
        "The medium has not been broadcast yet.",
        "Submit it again after the broadcast.",
    ),
    "proxy_malformed": ErrorWords(
        "The proxy is not written as one.",
        "Write http://user:password@host:port or socks5://user:password@host:port into the file; without"
        " user and password where it asks for none.",
    ),
    "rate_limited": ErrorWords(
        "The site asks to be asked less often.",
        "Nothing: it is asked again later by itself.",
    ),
    "s3_refused": ErrorWords(
        "The object store refuses the request.",
        "Read the code in the message and check the bucket and its region.",
    ),
    "scheme_not_allowed": ErrorWords(
        "The address is of a kind that is not fetched.",
        "Submit an address that begins with s3://, http:// or https://.",
    ),
    "secret_gone": ErrorWords(
        "The job's cookies or proxy are no longer kept.",
        "Submit the job again with them.",
    ),
    "secret_not_opened": ErrorWords(
        "The job's cookies or proxy were sealed with another key.",
        "Set the same VERITY_SECRET_KEY on every machine and submit the job again.",
    ),
    "several_connections": ErrorWords(
        "The sources need different connections.",
        "Submit a job for each connection.",
    ),
    "several_media": ErrorWords(
        "The page holds several media.",
        "Submit the page as a source of its own, so that its media are listed.",
    ),
    "site_failed": ErrorWords(
        "The site is out of order.",
        "Nothing: it is asked again when it said to come back.",
    ),
    "site_not_understood": ErrorWords(
        "The site answered something that is not known.",
        "Update yt-dlp, or submit the file itself.",
    ),
    "site_reader_failed": ErrorWords(
        "The program that reads media sites failed.",
        "Retry the item; update yt-dlp if it stays.",
    ),
    "source_empty": ErrorWords(
        "The source holds nothing to analyse.",
        "Check the folder, the prefix or the list.",
    ),
    "source_malformed": ErrorWords(
        "The source is not an address or a path.",
        "Check the spelling and submit it again.",
    ),
    "source_not_found": ErrorWords(
        "The source does not exist or is empty.",
        "Check the address or the path and submit it again.",
    ),
    "source_replaced": ErrorWords(
        "The source was replaced while it was fetched.",
        "List the source again: submit it anew.",
    ),
    "too_many_bytes": ErrorWords(
        "The medium is larger than is fetched.",
        "Raise VERITY_FETCH_MAX_BYTES, or submit a smaller version.",
    ),
    "too_many_redirects": ErrorWords(
        "The address redirects in a circle.",
        "Submit the address that it shall end at.",
    ),
    "upload_misplaced": ErrorWords(
        "An upload is named in a job itself, nowhere else.",
        "Submit a job with the upload among its sources.",
    ),
    "upload_not_found": ErrorWords(
        "There is no such upload: it expired, was removed, or is another account's.",
        "Send the file again and submit it.",
    ),
    "upload_unfinished": ErrorWords(
        "The upload is not whole yet.",
        "Send the rest of the file, then submit the job.",
    ),
    "video_deleted": ErrorWords(
        "The medium was removed, or never existed.",
        "Look for another copy of the medium.",
    ),
    "video_private": ErrorWords(
        "The medium is private.",
        "Ask the owner for the file and submit it.",
    ),
    "yt_dlp_unusable": ErrorWords(
        "The file is no yt-dlp that runs here.",
        "Name a wheel of yt-dlp or yt-dlp-ejs, of another version.",
    ),
}

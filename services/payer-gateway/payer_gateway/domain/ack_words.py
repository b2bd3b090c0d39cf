"""The codes of TA1, 999 and 277CA in our own words; one that is missing here is shown bare."""

from types import MappingProxyType

# IK304 and IK403 in our own words; a code that is not here is shown as it is.
SEGMENT_WORDS = MappingProxyType(
    {
        "1": "the segment is not known",
        "2": "the segment is not expected here",
        "3": "a required segment is missing",
        "4": "the loop occurs too often",
        "5": "the segment occurs too often",
        "6": "the segment is not part of this set",
        "7": "the segment is out of order",
        "8": "the segment has element errors",
        "I4": "a segment that the guide does not use was sent",
        "I6": "a segment that the situation requires is missing",
        "I7": "the loop occurs too seldom",
        "I8": "the segment occurs too seldom",
        "I9": "a segment was sent that the situation does not allow",
    }
)
ELEMENT_WORDS = MappingProxyType(
    {
        "1": "a required element is missing",
        "2": "an element is missing that another one requires",
        "3": "there are too many elements",
        "4": "the element is too short",
        "5": "the element is too long",
        "6": "the element has a character that is not allowed",
        "7": "the code is not valid",
        "8": "the date is not valid",
        "9": "the time is not valid",
        "10": "an element is present that another one excludes",
        "12": "there are too many repetitions",
        "13": "there are too many components",
        "I6": "the code is not one of the guide's",
        "I9": "the guide requires this element",
        "I10": "the guide does not use this element",
        "I11": "the situation requires this element",
        "I12": "the situation does not allow this element",
        "I13": "the value does not fit the situation",
    }
)
CATEGORY_WORDS = MappingProxyType(
    {
        "A0": "forwarded to another place",
        "A1": "received, not yet taken into adjudication",
        "A2": "accepted into adjudication",
        "A3": "returned as unprocessable",
        "A4": "not found",
        "A5": "split into several claims",
        "A6": "rejected: information is missing",
        "A7": "rejected: information is invalid",
        "A8": "rejected: fields contradict each other",
    }
)
# TA105 in our own words.
NOTE_WORDS = MappingProxyType(
    {
        "000": "no error",
        "001": "ISA13 and IEA02 differ",
        "002": "the standard that ISA11 names is not supported",
        "003": "the version of the controls is not supported",
        "004": "the segment terminator is not valid",
        "005": "the sender's id qualifier is not valid",
        "006": "the sender id is not known",
        "007": "the receiver's id qualifier is not valid",
        "008": "the receiver id is not known",
        "009": "the receiver is not known",
        "010": "the authorization qualifier is not valid",
        "011": "the authorization information is not valid",
        "012": "the security qualifier is not valid",
        "013": "the security information is not valid",
        "014": "the interchange date is not valid",
        "015": "the interchange time is not valid",
        "016": "ISA11 is not valid",
        "017": "the version of the interchange is not valid",
        "018": "the control number is not valid",
        "019": "the request for a TA1 is not valid",
        "020": "the test or production indicator is not valid",
        "021": "the number of groups is wrong",
        "022": "the control structure is wrong",
        "023": "the file ends too early",
        "024": "the content is wrong",
        "025": "this control number was used before",
        "026": "the element separator is not valid",
        "027": "the component separator is not valid",
        "028": "the delivery date of a deferred request is not valid",
        "029": "the delivery time of a deferred request is not valid",
        "030": "the delivery code of a deferred request is not valid",
        "031": "the grade of service is not valid",
    }
)
